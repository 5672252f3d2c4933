/* completion.h - the words of referralctl for bash. */
#pragma once

/* A script for bash that completes verbs, options and what options may say, to standard output. */
void completion_print(void);
