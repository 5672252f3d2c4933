#include <referral/client.h>

#include <sodium.h>
#include <time.h>

/* A ULID keeps no state here: 48 bits of milliseconds, then the nanoseconds within, then 60 bits of chance. So ids made
 * one after the other are in order of the clock, in any number of clients, and the broker appends them to the end of
 * its table. */
void referral_message_id(char ret_id[REFERRAL_MESSAGE_ID_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's base 32 */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t ns = (uint64_t)now.tv_nsec % 1000000;
    uint64_t chance = 0;
    randombytes_buf(&chance, sizeof chance);

    for (size_t i = 10; i-- > 0; ms >>= 5) /* 10 digits of time */
        ret_id[i] = digits[ms & 31];
    for (size_t i = 14; i-- > 10; ns >>= 5) /* 4 digits: 20 bits hold a million */
        ret_id[i] = digits[ns & 31];
    for (size_t i = 26; i-- > 14; chance >>= 5) /* 12 digits of chance */
        ret_id[i] = digits[chance & 31];
    ret_id[26] = '\0';
}
