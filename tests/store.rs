//! What every store must keep, written against its contracts and run on every backend.

#[path = "store/access.rs"]
mod access;
#[path = "store/acts.rs"]
mod acts;
#[path = "store/again_postgres.rs"]
mod again_postgres;
#[path = "store/again_sqlite.rs"]
mod again_sqlite;
#[path = "store/attack.rs"]
mod attack;
#[path = "store/ceremonies.rs"]
mod ceremonies;
#[path = "store/costs.rs"]
mod costs;
mod database;
#[path = "store/deployment.rs"]
mod deployment;
#[path = "store/faulty.rs"]
mod faulty;
#[path = "store/feed.rs"]
mod feed;
#[path = "store/foreign.rs"]
mod foreign;
#[path = "store/groups.rs"]
mod groups;
#[path = "store/guards.rs"]
mod guards;
#[path = "store/heartbeats.rs"]
mod heartbeats;
#[path = "store/hostile.rs"]
mod hostile;
#[path = "store/hostile_sessions.rs"]
mod hostile_sessions;
#[path = "store/keys.rs"]
mod keys;
#[path = "store/ledger.rs"]
mod ledger;
#[path = "store/lists.rs"]
mod lists;
#[path = "store/litestream.rs"]
mod litestream;
#[path = "store/migration.rs"]
mod migration;
#[path = "store/notary.rs"]
mod notary;
#[path = "store/outages.rs"]
mod outages;
#[path = "store/people.rs"]
mod people;
#[path = "store/poolers.rs"]
mod poolers;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/prepared.rs"]
mod prepared;
#[path = "store/renewal.rs"]
mod renewal;
#[path = "store/renewal_after.rs"]
mod renewal_after;
#[path = "store/requests.rs"]
mod requests;
#[path = "store/reviews.rs"]
mod reviews;
#[path = "store/rights.rs"]
mod rights;
#[path = "store/signing.rs"]
mod signing;
#[path = "store/spoken.rs"]
mod spoken;
#[path = "store/sqlite.rs"]
mod sqlite;
#[path = "store/tampering.rs"]
mod tampering;
#[path = "store/tampering_signed.rs"]
mod tampering_signed;
#[path = "store/time.rs"]
mod time;
#[path = "store/uses.rs"]
mod uses;
#[path = "api/vault.rs"]
mod vault;
#[path = "store/withdrawals.rs"]
mod withdrawals;
#[allow(dead_code, reason = "shared with the tests of the API, which use the rest of it")]
#[path = "api/world.rs"]
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use countersign::store::{IssuerStore, LedgerStore, VerifierStore};

/// A kind of store, empty at first.
#[async_trait]
pub trait Backend: Sync {
    /// Opens it, as a process does when it starts. Several may have it open at once.
    async fn open(&self) -> Stores;

    /// Runs a statement around the contracts; `Err` is what the database itself says against it.
    async fn sql(&self, statement: &str) -> Result<(), String>;

    /// From now on the database refuses every new row of a table.
    async fn block(&self, table: &str);

    /// From now on it takes them again.
    async fn unblock(&self, table: &str);
}

/// The two sides of one open store.
#[derive(Clone)]
pub struct Stores {
    /// The issuer's side.
    pub issuer: Arc<dyn IssuerStore>,
    /// The verifier's side.
    pub verifier: Arc<dyn VerifierStore>,
    /// The overseer's and the notary's side.
    pub ledger: Arc<dyn LedgerStore>,
}

impl Stores {
    /// All sides of one store object.
    pub fn of(store: Arc<impl IssuerStore + VerifierStore + LedgerStore + 'static>) -> Self {
        Self { issuer: store.clone(), verifier: store.clone(), ledger: store }
    }
}

/// Runs each function of the suite on a fresh store of a backend.
macro_rules! suite {
    ($backend:ident: $($module:ident::$name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(backend) = $backend::new(stringify!($module::$name)).await {
                    crate::$module::$name(&backend).await;
                }
            }
        )+
    };
}

/// The whole suite, named once for all backends.
macro_rules! whole_suite {
    ($backend:ident) => {
        suite! { $backend:
            uses::one_of_many_is_first,
            uses::the_same_attempt_is_the_same_use,
            uses::a_use_needs_the_issued_unwithdrawn_row_with_this_hash,
            uses::a_mark_outlives_the_process,
            uses::what_was_purged_is_never_used_again,
            uses::marks_that_the_ledger_does_not_know_are_overdue_after_their_minute,
            uses::uses_are_announced_to_listeners_of_the_same_store,
            heartbeats::a_heartbeat_is_refused_where_rows_are_and_taken_again,
            heartbeats::heartbeats_are_kept_for_an_hour,
            heartbeats::an_issuer_wrote_lately_while_its_store_takes_its_writes,
            guards::the_asker_never_decides,
            guards::who_is_suspended_meanwhile_does_not_decide,
            guards::nothing_of_somebody_suspended_is_approved,
            guards::a_decision_stands,
            guards::the_statement_that_issues_checks_everything_itself,
            guards::a_quota_holds_against_many_at_once,
            guards::codes_and_ids_are_taken_once,
            guards::live_codes_are_bounded,
            guards::guesses_at_once_never_exceed_the_budget,
            guards::a_place_can_be_given_back_once_it_was_taken,
            guards::taken_places_are_counted_by_their_window,
            spoken::room_is_kept_over_all_the_time_of_a_code,
            spoken::one_person_has_no_more_than_their_share,
            spoken::every_withdrawal_gives_room_back,
            spoken::of_codes_and_withdrawals_at_once_none_is_counted_wrongly,
            spoken::counts_are_forgotten_with_the_codes_and_not_before,
            spoken::six_words_come_into_force_at_half_of_a_budget,
            spoken::numbers_bring_six_words_into_force_too,
            spoken::a_burst_of_guesses_is_remembered_by_a_round_of_the_housekeeper,
            spoken::a_clock_that_was_ahead_makes_six_words_last_a_day_at_most,
            spoken::where_five_words_have_no_room_this_one_has_six,
            spoken::what_is_prepared_has_six_words,
            spoken::a_new_store_lengthens_its_codes_when_somebody_guesses,
            guards::numbers_at_once_never_exceed_five_wrong_ones,
            guards::a_right_number_is_given_back,
            guards::who_was_right_is_not_counted_again,
            acts::people_are_enrolled_once_and_suspended_once,
            acts::suspension_and_withdrawal_reach_live_tokens_only,
            people::a_suspension_is_lifted_by_another_administrator_alone,
            people::what_follows_a_suspension_is_known_before_it,
            people::an_authorisation_says_that_its_approver_is_suspended,
            people::an_act_under_a_key_is_done_once_whatever_happened_since,
            access::credentials_name_their_owner_until_they_run_out,
            access::a_person_and_their_first_link_come_together,
            access::a_link_is_used_once_by_the_first,
            access::a_link_that_is_over_registers_nothing,
            access::a_passkey_is_used_once_with_one_counter,
            access::a_session_ends_when_it_is_idle_old_or_of_another_clock,
            access::only_their_own_passkey_confirms_in_a_session,
            access::suspension_ends_sessions_and_opens_no_more,
            access::what_is_revoked_opens_nothing,
            access::the_ways_in_are_listed_by_person,
            access::what_is_over_is_purged,
            reviews::a_review_replaces_the_frame_and_the_one_who_answers,
            reviews::tokens_outside_of_what_is_left_are_withdrawn,
            reviews::a_review_needs_a_second_person_and_an_authorisation_in_force,
            reviews::of_a_token_and_a_narrowing_at_once_nothing_is_left_outside,
            reviews::live_tokens_are_listed_for_those_who_may_touch_them,
            lists::what_waits_comes_first_and_no_page_leaves_anything_out,
            lists::who_is_decided_about_while_pages_are_read_is_not_missed,
            lists::people_and_tokens_come_in_pages,
            lists::lists_are_searched_and_sorted_in_pages,
            lists::what_waits_and_what_is_in_force_are_listed_alone,
            lists::tokens_are_found_by_what_their_authorisation_says,
            feed::changes_by_another_process_are_announced,
            access::a_passkey_has_the_name_that_its_person_gave_it,
            lists::at_most_fifty_requests_of_a_person_wait,
            lists::who_asks_and_withdraws_without_end_is_stopped_for_a_day,
            lists::requests_that_ran_out_make_no_room_for_a_day,
            lists::only_what_may_be_used_is_found_for_an_issue,
            ceremonies::a_ceremony_begun_here_is_ended_there_and_once,
            ceremonies::a_ceremony_waits_for_two_minutes,
            ceremonies::who_begins_too_many_ends_their_own_and_no_others,
            ceremonies::many_addresses_of_one_site_are_bounded_together,
            ceremonies::all_room_is_taken_from_those_who_have_most,
            ceremonies::a_confirmation_and_its_issue_are_one_act,
            requests::an_issue_under_one_key_is_one_token,
            requests::a_key_of_which_nothing_came_is_free,
            requests::a_request_under_one_key_waits_once,
            requests::a_key_is_forgotten_after_a_day,
            requests::the_same_decision_again_is_done,
            requests::look_ups_at_once_never_exceed_what_one_person_may,
            withdrawals::what_was_issued_with_a_way_in_is_withdrawn_with_it,
            withdrawals::nothing_is_issued_with_a_way_in_that_is_not_theirs,
            withdrawals::of_a_token_and_a_revocation_at_once_nothing_is_left_live,
            withdrawals::a_selection_is_withdrawn_whole_and_alone,
            withdrawals::a_withdrawal_that_cannot_be_recorded_withdraws_nothing,
            acts::a_refused_act_leaves_no_trace,
            acts::no_record_no_act,
            acts::the_ledger_keeps_its_order,
            keys::a_key_set_version_only_grows,
            keys::keys_move_forward_and_one_at_a_time_signs,
            keys::only_the_active_key_issues,
            keys::a_revoked_key_signs_nothing_and_its_tokens_are_withdrawn_at_once,
            keys::a_set_that_revokes_revokes_here_too,
            keys::of_many_rotations_at_once_one_happens,
            keys::verifiers_hear_that_keys_changed,
            keys::a_key_that_no_set_named_is_revoked_before_one_does,
            keys::of_a_set_and_a_revocation_at_once_no_key_is_left_in_use,
            ledger::the_tree_grows_with_the_entries,
            ledger::proofs_hold_for_every_entry_and_size,
            ledger::entries_written_at_once_stand_in_one_tree,
            ledger::checkpoints_only_grow,
            ledger::the_ledgers_key_changes_once_and_from_there_on_it_alone_keeps_checkpoints,
            ledger::a_deployment_that_names_another_ledger_key_keeps_it,
            ledger::a_change_of_the_key_that_no_checkpoint_covers_is_found_wherever_it_came_from,
            ledger::the_entry_that_issued_a_token_is_found,
            ledger::a_long_ledger_comes_in_pages,
            signing::each_group_of_acts_is_signed_in_its_own_transaction,
            signing::who_takes_the_newest_entry_away_gets_no_signature,
            signing::what_another_process_of_the_machine_signed_is_not_signed_over,
            signing::without_a_signature_only_what_takes_back_goes_on,
            signing::processes_with_and_without_the_key_leave_one_line_of_checkpoints,
            signing::a_process_that_missed_much_looks_again_and_signs,
            signing::the_first_checkpoint_behind_a_change_of_the_key_is_not_signed_by_a_group,
            signing::nothing_is_signed_behind_a_change_of_the_key_that_was_written_by_hand,
            signing::an_act_waits_for_the_machines_disk_and_a_check_does_not,
            time::the_newest_time_only_grows_until_it_is_corrected,
            time::nothing_is_issued_that_would_be_born_expired,
            time::a_purge_goes_no_further_than_the_stores_own_clock,
            time::what_a_wrong_purge_dropped_is_withdrawn,
            time::a_correction_comes_with_its_entry_or_not_at_all,
            time::what_is_withdrawn_by_a_clock_that_is_ahead_is_withdrawn,
            time::no_jump_purge_or_correction_makes_a_used_token_genuine_again,
            groups::many_writes_at_once_are_all_answered_and_durable,
            groups::a_failing_operation_harms_no_other,
            groups::two_processes_write_to_one_store,
        }
    };
}

pub(crate) use {suite, whole_suite};
