//! What the store promises, held against both databases: a real SQLite file and a real PostgreSQL.

#[path = "contract/accounts.rs"]
mod accounts;
#[path = "contract/conversations.rs"]
mod conversations;
#[path = "contract/dialogs.rs"]
mod dialogs;
#[path = "contract/films.rs"]
mod films;
#[path = "contract/groups.rs"]
mod groups;
#[path = "contract/live_rooms.rs"]
mod live_rooms;
#[path = "contract/opening.rs"]
mod opening;
#[path = "contract/rooms.rs"]
mod rooms;
mod support;
#[path = "contract/visits.rs"]
mod visits;

use hearth_store::Address;
use std::future::Future;
use std::pin::Pin;
use support::{Folder, postgres};

type Case = (&'static str, fn(Address) -> Pin<Box<dyn Future<Output = ()>>>);

macro_rules! cases {
    ($($module:ident::$name:ident,)*) => {
        &[$((stringify!($name), |address| Box::pin($module::$name(address)))),*]
    };
}

const CASES: &[Case] = cases![
    films::an_upload_becomes_a_film_that_is_converted_and_ready,
    films::a_film_that_failed_says_why_and_can_be_tried_again,
    films::nobody_has_more_uploads_or_bytes_than_they_may,
    films::a_persons_films_are_found_by_whom_they_are_for,
    films::a_persons_page_shows_what_was_shared_and_nothing_half_made,
    films::a_recording_is_on_a_persons_page_for_whom_its_room_admits,
    films::a_film_is_shared_while_a_message_carries_it,
    films::no_more_shared_films_come_at_once_than_the_limit,
    films::where_each_stopped_is_kept_and_what_was_seen_stays_seen,
    films::what_was_said_at_moments_of_a_film_is_for_whoever_is_in_the_dialog,
    films::what_lies_in_a_films_folder_changes_only_from_what_was_known,
    films::an_image_is_there_while_a_message_carries_it,
    opening::what_was_stored_is_there_after_opening_again,
    opening::a_database_of_a_newer_hearth_is_refused_and_left_alone,
    opening::a_database_of_an_older_hearth_is_brought_up_to_date,
    opening::what_was_followed_before_visits_were_known_came_of_none,
    opening::servers_that_start_at_once_migrate_once,
    opening::closing_stores_what_is_queued_and_refuses_what_comes_later,
    opening::the_queue_takes_as_much_as_its_limit_and_no_more,
    conversations::messages_keep_their_order_and_page_both_ways,
    conversations::a_message_keeps_everything_it_had,
    conversations::a_repeated_nonce_resolves_to_the_first_message,
    conversations::a_nonce_is_the_authors_own_in_a_space,
    conversations::long_runs_are_stored_whole_whatever_their_length,
    conversations::deletion_erases_the_text_wherever_it_is_quoted,
    conversations::a_refused_write_harms_no_other,
    conversations::reading_never_goes_back,
    rooms::a_room_is_found_by_id_and_by_its_hosts_name,
    rooms::a_space_opens_with_all_that_was_set,
    rooms::a_space_opens_with_what_was_submitted_just_before,
    rooms::guest_links_admit_until_they_expire_or_are_revoked,
    rooms::a_room_has_as_many_guest_links_as_the_limit_and_no_more,
    rooms::blocks_are_kept_and_taken_back,
    rooms::preferences_are_the_usual_ones_until_they_are_set,
    rooms::the_audit_log_is_read_newest_first,
    live_rooms::a_broadcasts_chat_is_read_by_media_time,
    live_rooms::follows_are_kept_counted_and_paged,
    live_rooms::stream_keys_open_until_they_are_rotated_or_revoked,
    live_rooms::a_room_has_as_many_stream_keys_as_the_limit_and_no_more,
    live_rooms::reports_are_read_newest_first_and_settled_once,
    live_rooms::a_film_goes_from_its_recording_to_the_archive,
    live_rooms::a_cover_replaces_the_one_before,
    live_rooms::recording_is_wanted_until_it_is_not,
    live_rooms::rooms_are_found_by_what_they_say_as_live_ones_are,
    groups::the_first_who_confirms_brings_a_group_about,
    groups::nobody_is_in_two_groups,
    groups::a_group_has_as_many_members_as_the_limit_and_no_more,
    groups::a_group_ends_with_its_last_member_or_by_will_and_is_archived,
    groups::a_group_changes_hands_and_places_and_its_reports_are_counted,
    groups::a_group_that_watches_a_film_is_bound_to_no_room,
    groups::who_comes_back_is_a_member_since_then,
    dialogs::there_is_one_dialog_of_two_and_any_number_of_a_few,
    dialogs::a_dialog_stands_for_each_as_they_keep_it,
    dialogs::whoever_leaves_finds_it_no_more,
    dialogs::a_message_has_other_words_until_it_is_deleted,
    dialogs::what_was_said_is_found_by_its_words_in_any_script,
    dialogs::friends_are_two_who_each_wished_it,
    dialogs::people_are_found_who_may_be_written_to,
    visits::requests_are_counted_from_a_moment_on,
    visits::who_may_be_asked_has_opted_in_and_wants_no_peace,
    visits::an_invitation_has_one_outcome_and_a_decline_is_remembered,
    visits::a_visit_brings_people_minutes_and_new_follows,
    visits::thanks_count_once_and_are_the_two_hosts_to_give,
    visits::a_visit_that_was_not_kept_gives_no_standing,
    visits::what_a_dead_server_left_open_is_closed_once,
    visits::a_host_is_described_with_blocks_either_way_and_follows,
    visits::the_ledger_gives_as_many_as_the_limit_and_the_latest_first,
    visits::a_visit_of_nobody_known_is_refused_and_harms_no_other,
    accounts::a_name_is_unique_whatever_its_case,
    accounts::accounts_change_and_page_in_order_of_name,
    accounts::the_last_administrator_stays,
    accounts::guests_are_forgotten_when_unseen,
    accounts::a_device_is_known_by_its_token_until_it_expires,
    accounts::a_user_has_as_many_devices_as_the_limit_and_no_more,
    accounts::devices_are_signed_out_one_by_one_and_together,
    accounts::being_seen_is_noted_once_an_interval,
    accounts::a_setup_token_makes_one_administrator,
    accounts::an_openid_subject_has_one_account,
];

fn play(case: &Case, address: Address) {
    eprintln!("{} on {address}", case.0);
    // One thread: the writer runs only when a case waits, so that a case decides what a group holds.
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(case.1(address));
}

#[test]
fn sqlite_keeps_the_contract() {
    for case in CASES {
        let folder = Folder::new();
        play(case, Address::Sqlite(folder.path().join("made/on/opening/hearth.db")));
    }
}

#[test]
fn postgres_keeps_the_contract() {
    let server = postgres::Server::start();
    for (number, case) in CASES.iter().enumerate() {
        play(case, server.database(&format!("case_{number}")));
    }
}

#[test]
fn writes_go_on_when_postgres_comes_back() {
    let mut server = postgres::Server::start();
    let address = server.database("hearth");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut opened = support::Opened::at(&address).await;
        let write = |position, nonce| support::append("a", support::message(position, "ana", Some(nonce)));
        assert_eq!(opened.write([write(1, "a")]).await, [support::stored(1)]);
        server.stop();
        assert_eq!(opened.write([write(2, "b")]).await, [Err(hearth_store::WriteFailed::Unavailable)]);
        server.resume();
        assert_eq!(opened.write([write(3, "b")]).await, [support::stored(3)]);
        let (messages, _) =
            opened.store.conversations().page(&support::room("a"), hearth_store::Page::Latest, 10).await.unwrap();
        assert_eq!(messages.iter().map(|message| message.position).collect::<Vec<_>>(), [1, 3]);
        opened.store.close().await;
    });
}
