/* ops_listen.h - a listening socket that only this machine can reach: a loopback address, or a path. */
#pragma once

#define OPS_ADDRESS_SIZE 128

/* "127.0.0.1:5571", "[::1]:5571" or "unix:/absolute/path". The descriptor, with the address and its real port in
 * `ret_address`; -EINVAL: no such address; -EADDRINUSE and the like. A path is open to the group of the process; a
 * socket nobody listens on any more is replaced. */
int ops_listen(const char *address, char ret_address[OPS_ADDRESS_SIZE]);
/* Removes the path, where it is one. */
void ops_listen_end(const char *address);
