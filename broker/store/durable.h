/* durable.h - names that outlast a power cut: a file or a folder that was made is there for good only once the folder
 * in which it lies was synced. */
#pragma once

/* On disk are the names in this folder. 0 or -errno. */
int durable_names(const char *directory);
/* The same, of the folder in which `path` lies. */
int durable_name(const char *path);
/* Makes a folder (0700) unless it is there; on disk under its name when it returns 0. -errno: it is not. */
int durable_folder(const char *directory);
