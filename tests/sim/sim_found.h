/* sim_found.h - a planted mistake is found by playing. */
#pragma once

/* For a reason with these words in it; NULL: for any, as nothing else is wrong. */
void sim_assert_found(const char *mistake, const char *how);
/* And told as a story of a few steps. */
void sim_assert_told(const char *mistake);
