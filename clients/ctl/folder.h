/* folder.h - a folder of ours in which a store lies for a while. */
#pragma once
#include <stdbool.h>

#define FOLDER_PATH_MAX 4096

/* "directory/name"; false (errno set): too long. */
bool folder_path(char out[FOLDER_PATH_MAX], const char *directory, const char *name);
/* The store's files and the folder, where they are; nothing else is touched. */
void folder_remove(const char *folder);
