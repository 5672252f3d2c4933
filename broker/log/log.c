/* log.c - the calls of log.h, handed to whichever driver is open. */
#include "log/log.h"

int log_propose(struct log *log, uint64_t index, struct bytes batch)
{
    return log->driver->propose(log, index, batch);
}

int log_read(struct log *log, uint64_t index, log_committed each, void *user)
{
    return log->driver->read(log, index, each, user);
}

int log_trim(struct log *log, uint64_t below_index)
{
    return log->driver->trim(log, below_index);
}

void log_close(struct log *log)
{
    if (log != NULL)
        log->driver->close(log);
}
