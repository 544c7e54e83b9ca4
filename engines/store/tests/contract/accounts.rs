use crate::support::{Opened, account, append, device, message, profile, room, user};
use hearth_store::{
    Address, DEVICE_TOUCH_INTERVAL_MS, DEVICES_PER_USER_MAX, Error, GUEST_UNSEEN_MAX_MS, NewAccount, NewDevice, Page,
};

pub async fn a_name_is_unique_whatever_its_case(address: Address) {
    let opened = Opened::at(&address).await;
    let accounts = opened.store.accounts();
    accounts.create(&account("Ana")).await.unwrap();
    let same = NewAccount { name: "aNA".into(), ..account("other") };
    assert!(matches!(accounts.create(&same).await, Err(Error::NameTaken)));
    assert_eq!(accounts.by_id(&user("other")).await.unwrap(), None, "nothing of it is left");
    assert_eq!(opened.store.rooms().by_id(&room("other")).await.unwrap(), None);
    let (record, hash) = accounts.by_name("ANA").await.unwrap().unwrap();
    assert_eq!((record.profile, hash.as_deref()), (profile("Ana"), Some("hash of Ana")));
    assert_eq!(accounts.by_name("an").await.unwrap(), None);
    opened.store.close().await;
}

pub async fn accounts_change_and_page_in_order_of_name(address: Address) {
    let opened = Opened::at(&address).await;
    let accounts = opened.store.accounts();
    for name in ["cy", "Bo", "ana"] {
        accounts.create(&account(name)).await.unwrap();
    }
    accounts.create_guest(&user("guest"), "Guest", Some(&room("ana")), 5).await.unwrap();
    let names = |page: Vec<hearth_store::AccountRecord>| {
        page.into_iter().map(|account| account.profile.name.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(accounts.page(None, 2).await.unwrap()), ["ana", "Bo"]);
    assert_eq!(names(accounts.page(Some(&user("Bo")), 2).await.unwrap()), ["cy"]);
    assert_eq!(names(accounts.page(Some(&user("cy")), 2).await.unwrap()), [""; 0]);
    assert_eq!(names(accounts.page(Some(&user("nobody")), 2).await.unwrap()), [""; 0]);

    accounts.set_password_hash(&user("ana"), "new hash").await.unwrap();
    accounts.set_display_name(&user("ana"), "Ana B.").await.unwrap();
    let (record, hash) = accounts.by_name("ana").await.unwrap().unwrap();
    assert_eq!((record.profile.display_name.as_str(), hash.as_deref()), ("Ana B.", Some("new hash")));
    assert_eq!((record.created_ms, record.invited_to, record.disabled), (1_000, None, false));
    for missing in [
        accounts.set_password_hash(&user("guest"), "h").await,
        accounts.set_display_name(&user("nobody"), "N").await,
        accounts.set_disabled(&user("nobody"), true).await,
        accounts.set_administrator(&user("guest"), true).await,
    ] {
        assert!(matches!(missing, Err(Error::NotFound)), "{missing:?}");
    }
    opened.store.close().await;
}

pub async fn the_last_administrator_stays(address: Address) {
    let opened = Opened::at(&address).await;
    let accounts = opened.store.accounts();
    accounts.create(&NewAccount { administrator: true, ..account("ana") }).await.unwrap();
    accounts.create(&account("bo")).await.unwrap();
    assert_eq!(accounts.count_administrators().await.unwrap(), 1);
    assert!(matches!(accounts.set_administrator(&user("ana"), false).await, Err(Error::LastAdministrator)));
    assert!(matches!(accounts.set_disabled(&user("ana"), true).await, Err(Error::LastAdministrator)));
    let ana = accounts.by_id(&user("ana")).await.unwrap().unwrap();
    assert!(ana.administrator && !ana.disabled);
    accounts.set_administrator(&user("bo"), true).await.unwrap();
    accounts.set_disabled(&user("ana"), true).await.unwrap();
    assert_eq!(accounts.count_administrators().await.unwrap(), 1);
    assert!(matches!(accounts.set_administrator(&user("bo"), false).await, Err(Error::LastAdministrator)));
    opened.store.close().await;
}

pub async fn guests_are_forgotten_when_unseen(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    for (name, seen_ms) in [("old", 1_000), ("new", 1_001)] {
        opened
            .store
            .accounts()
            .create_guest(&user(name), name, (name == "old").then_some(&room("ana")), seen_ms)
            .await
            .unwrap();
        sign_in(&opened, name, name, seen_ms).await;
    }
    opened.put(append("ana", message(1, "old", None))).await;
    let guest = opened.store.accounts().by_id(&user("old")).await.unwrap().unwrap();
    assert_eq!((guest.profile.name, guest.invited_to), (None, Some(room("ana"))));

    let now_ms = 1_001 + GUEST_UNSEEN_MAX_MS;
    assert_eq!(opened.store.accounts().sweep_guests(now_ms - 1).await.unwrap(), 0);
    assert_eq!(opened.store.accounts().sweep_guests(now_ms).await.unwrap(), 1);
    assert_eq!(opened.store.accounts().by_id(&user("old")).await.unwrap(), None);
    assert!(opened.store.accounts().by_id(&user("new")).await.unwrap().is_some());
    assert!(opened.store.accounts().by_id(&user("ana")).await.unwrap().is_some(), "accounts stay");
    assert_eq!(opened.store.devices().by_token_hash("token old", 2_000).await.unwrap(), None);
    let (messages, _) = opened.store.conversations().page(&room("ana"), Page::Latest, 10).await.unwrap();
    assert_eq!(messages.len(), 1, "what a guest said stays");
    opened.store.close().await;
}

async fn sign_in(opened: &Opened, owner: &str, name: &str, created_ms: u64) -> Vec<hearth_protocol::ids::DeviceId> {
    let new = NewDevice {
        id: device(name),
        user: user(owner),
        token_hash: format!("token {name}"),
        name: format!("Browser {name}"),
        created_ms,
        expires_ms: created_ms + 1_000_000,
    };
    opened.store.devices().create(&new).await.unwrap()
}

pub async fn a_device_is_known_by_its_token_until_it_expires(address: Address) {
    let opened = Opened::at(&address).await;
    let (accounts, devices) = (opened.store.accounts(), opened.store.devices());
    accounts.create(&NewAccount { administrator: true, ..account("ana") }).await.unwrap();
    accounts.create(&account("bo")).await.unwrap();
    sign_in(&opened, "ana", "a", 10).await;
    sign_in(&opened, "bo", "b", 10).await;
    let found = devices.by_token_hash("token a", 1_000_009).await.unwrap().unwrap();
    assert_eq!((found.device.id, found.device.name.as_str()), (device("a"), "Browser a"));
    assert_eq!((found.device.created_ms, found.device.seen_ms, found.device.expires_ms), (10, 10, 1_000_010));
    assert_eq!(found.account.profile, profile("ana"));
    assert!(found.account.administrator);
    assert_eq!(devices.by_token_hash("token a", 1_000_010).await.unwrap(), None);
    assert_eq!(devices.by_token_hash("token", 10).await.unwrap(), None);

    accounts.set_disabled(&user("bo"), true).await.unwrap();
    assert_eq!(devices.by_token_hash("token b", 11).await.unwrap(), None);
    accounts.set_disabled(&user("bo"), false).await.unwrap();
    assert_eq!(devices.by_token_hash("token b", 11).await.unwrap(), None, "it has to sign in again");

    assert_eq!(devices.sweep(1_000_009).await.unwrap(), 0);
    assert_eq!(devices.sweep(1_000_010).await.unwrap(), 1);
    opened.store.close().await;
}

pub async fn a_user_has_as_many_devices_as_the_limit_and_no_more(address: Address) {
    let opened = Opened::at(&address).await;
    for name in ["ana", "bo"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    sign_in(&opened, "bo", "bo", 1).await;
    for number in 0..DEVICES_PER_USER_MAX {
        assert_eq!(sign_in(&opened, "ana", &format!("d{number}"), 10 + number).await, []);
    }
    assert_eq!(sign_in(&opened, "ana", "over", 500).await, [device("d0")], "the one unseen for longest goes");
    let mine = opened.store.devices().of_user(&user("ana"), 501).await.unwrap();
    assert_eq!(mine.len() as u64, DEVICES_PER_USER_MAX);
    assert_eq!(mine[0].id, device("over"));
    assert_eq!(opened.store.devices().of_user(&user("bo"), 501).await.unwrap().len(), 1);
    opened.store.close().await;
}

pub async fn devices_are_signed_out_one_by_one_and_together(address: Address) {
    let opened = Opened::at(&address).await;
    for name in ["ana", "bo"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    for name in ["a", "b", "c"] {
        sign_in(&opened, "ana", name, 10).await;
    }
    let devices = opened.store.devices();
    assert!(!devices.delete(&user("bo"), &device("a")).await.unwrap(), "another's device is none");
    assert!(devices.delete(&user("ana"), &device("a")).await.unwrap());
    assert!(!devices.delete(&user("ana"), &device("a")).await.unwrap());
    assert_eq!(devices.by_token_hash("token a", 11).await.unwrap(), None);
    assert_eq!(devices.delete_all(&user("ana"), Some(&device("c"))).await.unwrap(), 1);
    assert!(devices.by_token_hash("token c", 11).await.unwrap().is_some());
    assert_eq!(devices.delete_all(&user("ana"), None).await.unwrap(), 1);
    assert_eq!(devices.of_user(&user("ana"), 11).await.unwrap(), []);
    opened.store.close().await;
}

pub async fn being_seen_is_noted_once_an_interval(address: Address) {
    let opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    sign_in(&opened, "ana", "a", 10).await;
    let devices = opened.store.devices();
    let seen = async || devices.by_token_hash("token a", 10).await.unwrap().unwrap();
    let before = seen().await;
    devices.touch(&before, 10 + DEVICE_TOUCH_INTERVAL_MS - 1).await.unwrap();
    assert_eq!(seen().await.device.seen_ms, 10);
    devices.touch(&before, 10 + DEVICE_TOUCH_INTERVAL_MS).await.unwrap();
    assert_eq!(seen().await.device.seen_ms, 10 + DEVICE_TOUCH_INTERVAL_MS);
    opened.store.close().await;
}

pub async fn a_setup_token_makes_one_administrator(address: Address) {
    let opened = Opened::at(&address).await;
    let setup = opened.store.setup();
    assert!(setup.pending().await.unwrap());
    assert!(matches!(setup.create_first_administrator("", &account("ana")).await, Err(Error::SetupToken)));
    setup.set_token_hash("first").await.unwrap();
    setup.set_token_hash("second").await.unwrap();
    assert!(matches!(setup.create_first_administrator("first", &account("ana")).await, Err(Error::SetupToken)));
    opened.store.accounts().create(&account("bo")).await.unwrap();
    let taken = NewAccount { name: "BO".into(), ..account("ana") };
    assert!(matches!(setup.create_first_administrator("second", &taken).await, Err(Error::NameTaken)));
    setup.create_first_administrator("second", &account("ana")).await.expect("the token is still good");
    assert!(!setup.pending().await.unwrap());
    assert!(opened.store.accounts().by_id(&user("ana")).await.unwrap().unwrap().administrator);
    assert!(matches!(setup.create_first_administrator("second", &account("cy")).await, Err(Error::SetupToken)));
    setup.set_token_hash("third").await.unwrap();
    assert!(matches!(setup.create_first_administrator("third", &account("cy")).await, Err(Error::SetupToken)));

    assert_eq!(setup.value("key").await.unwrap(), None);
    setup.set_value("key", "a").await.unwrap();
    setup.set_value("key", "b").await.unwrap();
    assert_eq!(setup.value("key").await.unwrap().as_deref(), Some("b"));
    opened.store.close().await;
}

pub async fn an_openid_subject_has_one_account(address: Address) {
    let opened = Opened::at(&address).await;
    let accounts = opened.store.accounts();
    let ana = NewAccount { password_hash: None, ..account("ana") };
    accounts.create_for_subject(&ana, "https://id.example", "42").await.unwrap();
    let found = accounts.by_subject("https://id.example", "42").await.unwrap().unwrap();
    assert_eq!(found.profile, profile("ana"));
    assert_eq!(accounts.by_subject("https://other.example", "42").await.unwrap(), None);
    assert_eq!(accounts.by_name("ana").await.unwrap().unwrap().1, None, "it has no password");
    let second = accounts.create_for_subject(&account("bo"), "https://id.example", "42").await;
    assert!(matches!(second, Err(Error::Refused(_))), "{second:?}");
    assert_eq!(accounts.by_id(&user("bo")).await.unwrap(), None, "nothing of it is left");
    opened.store.close().await;
}
