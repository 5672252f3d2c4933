/* tell.h - what people read of a demonstration: titles, and promises with their marks; in colour on a terminal. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>

bool tell_in_colour(void);
/* Terminal columns of a name, which is Chinese or ASCII. */
int tell_columns(const char *text);
void tell_title(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
/* A promise that was checked, behind so many columns; returns `holds`. */
bool tell_check(int indent, bool holds, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
