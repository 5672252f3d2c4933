/* standard.h - the three descriptors of every program: input, output and errors.
 *
 * A program that is started with one of them closed is given its number by the next open(2): a store's file, and the
 * log would be written over it. */
#pragma once

/* Holds each of the three that is closed, so that it can neither be read nor written. Before anything is opened. 0 or a
 * negative errno. */
int standard_hold(void);
