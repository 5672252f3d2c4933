/* handlers.h - what carries out the verbs. Each takes the run and returns an enum exit_code. */
#pragma once
struct ctl;

/* command.c: any command whose body the table describes; the sheet from a file; a setting, whose value may have a
 * unit. */
int command_run(struct ctl *ctl);
int command_send(struct ctl *ctl);
int command_set(struct ctl *ctl);
int command_file(struct ctl *ctl);  /* the body from the FILE argument, options over it */
int command_allot(struct ctl *ctl); /* Q15: of the general channel, always */
/* publish.c, pool_tell.c: commands of a hospital about its places, answered by what is now true of them */
int publish_run(struct ctl *ctl);
int pool_tell_run(struct ctl *ctl);
/* query.c */
int query_list(struct ctl *ctl);
int query_inbox(struct ctl *ctl);     /* and `dead` */
int query_audit_run(struct ctl *ctl); /* the latest rows, or from a turn on */
int query_claims(struct ctl *ctl);    /* bookings, entries: of whom must be said */
int query_settings(struct ctl *ctl);
int query_record(struct ctl *ctl);
int query_why(struct ctl *ctl);
/* places.c, search.c, book.c */
int places_run(struct ctl *ctl);
int search_run(struct ctl *ctl);
int book_run(struct ctl *ctl);
/* ledger_show.c, replays.c, report_reserve.c, report_service.c: of the broker, or of a store on this machine */
int ledger_run(struct ctl *ctl);
int replay_run(struct ctl *ctl);
int report_reserve_run(struct ctl *ctl);
int report_service_run(struct ctl *ctl);
/* ops_*.c: what operators ask first, and do */
int ops_status_run(struct ctl *ctl);
int ops_top_run(struct ctl *ctl);
int ops_queues_run(struct ctl *ctl);
int ops_show_waiters(struct ctl *ctl);
int ops_show_alarms(struct ctl *ctl);
int ops_show_sessions(struct ctl *ctl);
int ops_check_run(struct ctl *ctl); /* returns a monitoring plugin's code: 0 to 3 */
int ops_trace_run(struct ctl *ctl);
int ops_find_message_run(struct ctl *ctl);
int ops_find_patient_run(struct ctl *ctl);
int ops_dead_run(struct ctl *ctl);
int ops_drain_run(struct ctl *ctl);
/* payload.c */
int payload_run(struct ctl *ctl);
/* load.c, listen.c */
int load_run(struct ctl *ctl);
int listen_run(struct ctl *ctl);
/* schema.c */
int schema_run(struct ctl *ctl);
/* init.c, check.c, reindex.c, restore.c, backup.c: without a broker */
int keygen_run(struct ctl *ctl);
int init_run(struct ctl *ctl);
int verify_run(struct ctl *ctl);
int recount_run(struct ctl *ctl);
int reindex_run(struct ctl *ctl);
int message_key_run(struct ctl *ctl);
int restore_run(struct ctl *ctl);
int backup_run(struct ctl *ctl);
/* rotate.c, checkpoints.c: beside a running broker */
int rotate_run(struct ctl *ctl);
int checkpoint_run(struct ctl *ctl);
/* archives.c: by the host's key, without a broker */
int archives_list_run(struct ctl *ctl);
int archives_find_run(struct ctl *ctl);
int archives_show_run(struct ctl *ctl);
int archives_looks_run(struct ctl *ctl);
/* help.c */
int help_run(struct ctl *ctl);
