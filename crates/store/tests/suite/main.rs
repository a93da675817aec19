//! What every database must do, and what the embedded one must do beside it.
//!
//! A second database is one more line at the end, and a function of the same name in `backend.rs`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod backend;
mod contract;
mod copied;
mod fixture;
mod sqlite;
mod tls;

/// Runs every case of the contract against one backend.
macro_rules! contract {
    ($backend:ident) => {
        mod $backend {
            contract! { $backend:
                projects::a_project_and_its_key_read_back,
                projects::a_repeat_replaces_what_may_change_and_a_revoked_key_stays_revoked,
                projects::a_key_of_an_unknown_project_is_not_taken,
                projects::projects_and_keys_are_listed_by_age,
                projects::changes_of_one_project_at_once_all_count_and_are_audited,
                projects::a_key_is_decided_over_by_its_id_and_left_if_nothing_is_put,
                keys::signing_keys_read_back_newest_first_in_every_state,
                keys::a_revoked_key_is_on_the_feed_of_every_project_and_a_retired_one_is_not,
                keys::steps_of_signing_keys_are_taken_together_or_not_at_all,
                keys::the_mark_moves_with_keys_and_algorithms_and_with_nothing_else,
                keys::ring_marks_are_added_once,
                keys::of_two_key_rings_that_begin_at_once_one_is_the_databases,
                sign_in::an_identity_is_one_user_however_often_and_in_parallel_it_signs_in,
                sign_in::a_new_identity_without_leave_to_create_leaves_no_trace,
                sign_in::the_same_subject_of_another_project_is_another_user,
                sign_in::codes_and_tries_read_back,
                sign_in::threat_40_parallel_wrong_codes_count_exactly,
                sign_in::a_right_code_in_parallel_is_accepted_once,
                sign_in::limits_are_exact_in_parallel_and_paid_together_or_not_at_all,
                exchange::a_secret_opens_a_session_and_tells_the_audit,
                exchange::threat_31_parallel_exchange_of_one_secret_opens_one_session,
                exchange::a_used_secret_is_refused_and_audited_and_its_session_lives_on,
                exchange::an_expired_or_unknown_secret_changes_nothing,
                issuers::issuers_read_back_by_name_and_a_removed_one_is_gone,
                issuers::issuers_added_at_once_are_decided_over_one_after_another,
                issuers::threat_31_parallel_trades_of_one_assertion_open_one_session,
                issuers::a_trade_makes_user_and_session_with_its_lines_or_nothing_of_it,
                issuers::a_used_assertion_is_audited_and_a_spent_limit_leaves_it_unused,
                issuers::assertions_are_remembered_until_nobody_could_trade_them,
                sessions::every_field_of_a_rotation_reads_back,
                sessions::threat_13_one_token_refreshed_256_times_at_once_rotates_once,
                sessions::many_sessions_rotate_at_once_and_each_keeps_its_own,
                sessions::threat_20_refresh_beside_sign_out_never_revives,
                sessions::ended_is_final_and_theft_is_audited_with_its_end,
                sessions::answers_without_rotation_extend_nothing,
                sessions::an_unknown_session_can_be_decided_but_not_changed,
                sessions::a_panic_in_a_decision_is_its_callers_alone,
                life::a_restore_ends_what_began_before_and_audits_it,
                revocations::an_end_is_on_the_feed_with_its_commit_and_a_sign_out_of_an_ended_session_is_not,
                revocations::a_stretch_continues_where_the_last_one_ended_and_no_entry_is_missed,
                revocations::threat_s21_a_feed_that_cannot_be_continued_begins_anew,
                revocations::a_project_sees_its_own_ends_alone,
                revocations::who_waits_for_the_feed_is_woken_by_a_commit,
                management::ending_all_sessions_of_a_user_is_one_entry_of_the_feed_and_voids_waiting_secrets,
                management::threat_22_a_disabled_user_is_refused_everywhere_until_enabled,
                management::a_deleted_user_leaves_nothing_but_the_trail_and_the_feed,
                management::threat_13_what_another_process_changed_of_a_session_is_seen,
                management::a_user_of_another_project_is_not_decided_over,
                management::threat_13_ending_all_beside_refreshes_and_trades_leaves_no_session_alive,
                management::users_are_listed_by_age_and_searched_by_address_page_by_page,
                management::sessions_of_a_user_are_listed_newest_first_with_where_they_were_opened,
                management::a_not_before_ends_what_was_opened_before_it_and_is_on_the_feed,
                management::operator_tokens_read_back_and_a_revoked_one_stays_revoked,
                management::the_last_showing_of_keys_and_tokens_only_moves_on,
                management::the_trail_is_filtered_read_page_by_page_and_purged_by_age,
                life::what_was_acknowledged_is_there_after_a_restart,
                life::purge_removes_what_is_over_and_keeps_what_counts,
            }
        }
    };
    ($backend:ident: $($concept:ident::$case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::contract::$concept::$case(&crate::backend::$backend()).await;
            }
        )*
    };
}

contract!(sqlite_thread);
contract!(sqlite_inline);
contract!(postgres);
contract!(postgres_serializable);
