/* ops_listen.c - parse, bind, listen. */
#include "net/ops_listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define PATH    "unix:"

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un local;
};

static bool is_path(const char *address)
{
    return strncmp(address, PATH, strlen(PATH)) == 0;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->ipv4.sin_addr.s_addr) >> 24 == 127;
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->ipv6.sin6_addr);
}

static socklen_t parse_path(const char *path, struct sockaddr_un *ret_local)
{
    if (path[0] != '/' || strlen(path) >= sizeof ret_local->sun_path)
        return 0;
    ret_local->sun_family = AF_UNIX;
    memcpy(ret_local->sun_path, path, strlen(path) + 1);
    return sizeof *ret_local;
}

/* libevent parses hosts, but takes no port of 0. */
static socklen_t parse_loopback(const char *text, union address *ret_address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2], *end;
    int size = sizeof *ret_address;
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return 0;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > UINT16_MAX || evutil_parse_sockaddr_port(host, &ret_address->any, &size) < 0 ||
        !is_loopback(ret_address))
        return 0;
    if (ret_address->any.sa_family == AF_INET)
        ret_address->ipv4.sin_port = htons((uint16_t)port);
    else
        ret_address->ipv6.sin6_port = htons((uint16_t)port);
    return (socklen_t)size;
}

/* The size of the address; 0: it is none. */
static socklen_t parse(const char *text, union address *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    return is_path(text) ? parse_path(text + strlen(PATH), &ret_address->local) : parse_loopback(text, ret_address);
}

/* Of a process that is gone: it refuses. What is no socket, and what somebody listens on, stays. */
static void remove_stale(const struct sockaddr_un *local)
{
    struct stat status;
    if (lstat(local->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)local, sizeof *local) < 0 && errno == ECONNREFUSED)
        unlink(local->sun_path);
    if (fd >= 0)
        close(fd);
}

static int bind_and_listen(int fd, const union address *address, socklen_t size)
{
    static const int on = 1;
    if (address->any.sa_family == AF_UNIX)
        remove_stale(&address->local);
    else
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address->any, size) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    if (address->any.sa_family == AF_UNIX && chmod(address->local.sun_path, 0660) < 0)
        return -errno;
    return 0;
}

static void format(int fd, const char *asked, char ret_address[OPS_ADDRESS_SIZE])
{
    union address bound = {0};
    socklen_t size = sizeof bound;
    char text[INET6_ADDRSTRLEN];
    getsockname(fd, &bound.any, &size);
    if (bound.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &bound.ipv4.sin_addr, text, sizeof text);
        snprintf(ret_address, OPS_ADDRESS_SIZE, "%s:%u", text, ntohs(bound.ipv4.sin_port));
    } else if (bound.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &bound.ipv6.sin6_addr, text, sizeof text);
        snprintf(ret_address, OPS_ADDRESS_SIZE, "[%s]:%u", text, ntohs(bound.ipv6.sin6_port));
    } else {
        snprintf(ret_address, OPS_ADDRESS_SIZE, "%s", asked);
    }
}

int ops_listen(const char *address, char ret_address[OPS_ADDRESS_SIZE])
{
    union address parsed;
    socklen_t size = parse(address, &parsed);
    if (size == 0)
        return -EINVAL;
    int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int rc = bind_and_listen(fd, &parsed, size);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    format(fd, address, ret_address);
    return fd;
}

void ops_listen_end(const char *address)
{
    if (is_path(address))
        unlink(address + strlen(PATH));
}
