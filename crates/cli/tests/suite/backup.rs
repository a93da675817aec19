//! `authmint backup` of a running service, and `authmint restore`.

use crate::{
    program::{Program, authmint},
    served::{Place, Served},
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;
use tokio::task::JoinSet;

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("authmint.db").display())
}

fn back_up(data: &Path, file: &Path) -> Output {
    authmint().arg("backup").arg(file).args(["--database", &url(data)]).output().unwrap()
}

/// Restores into a folder that has the old one's key ring and nothing else.
fn restore(data: &Path, file: &Path, moment: &str) -> (TempDir, Output) {
    let restored = tempfile::tempdir().unwrap();
    for kept in ["key-ring", "DEVELOPMENT"] {
        fs::copy(data.join(kept), restored.path().join(kept)).unwrap();
    }
    let output = restore_into(restored.path(), file, moment);
    (restored, output)
}

fn restore_into(folder: &Path, file: &Path, moment: &str) -> Output {
    let mut command = authmint();
    command.arg("restore").arg(file).args(["--database", &url(folder), "--end-sessions-before", moment]);
    command.output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("authmint.db"))
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_amid_refreshes_is_whole_and_its_sessions_go_on() {
    let data = tempfile::tempdir().unwrap();
    let options = ["--settle", "0", "--grace", "0", "--no-limits"];
    let program = Arc::new(Program::start(data.path(), &options));
    let quiet = program.sign_in("quiet@example.com").await;
    let (stop, rotations) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut storm = JoinSet::new();
    for number in 0..16 {
        let mut token = program.sign_in(&format!("user{number}@example.com")).await;
        let (program, stop, rotations) = (Arc::clone(&program), Arc::clone(&stop), Arc::clone(&rotations));
        storm.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let (status, next) = program.refresh(&token).await.unwrap();
                assert_eq!(status, 200, "a backup must not disturb: {next}");
                token = next;
                rotations.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let files: Vec<_> = (0..5).map(|number| data.path().join(format!("{number}.backup"))).collect();
    for file in &files {
        let (file, data) = (file.clone(), data.path().to_owned());
        let before = rotations.load(Ordering::Relaxed);
        let output = tokio::task::spawn_blocking(move || back_up(&data, &file)).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(rotations.load(Ordering::Relaxed) > before, "nothing went on meanwhile");
    }
    stop.store(true, Ordering::Relaxed);
    storm.join_all().await;
    assert_eq!(Arc::into_inner(program).unwrap().terminate().code(), Some(0));

    for file in &files {
        let (restored, output) = restore(data.path(), file, "1970-01-01T00:00:00Z");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(names(restored.path()), ["authmint.db"]);
        let program = Program::start(restored.path(), &options);
        assert_eq!(program.refresh(&quiet).await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn threat_20_a_session_signed_out_after_the_backup_stays_refused_after_the_restore() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let token = program.sign_in("ada@example.com").await;
    let secret = program.one_time_secret("grace@example.com").await;
    let file = data.path().join("one.backup");
    assert!(back_up(data.path(), &file).status.success());
    assert_eq!(program.refresh(&secret).await.unwrap().0, 200, "the secret is used after the backup");
    program.call("logout", &serde_json::json!({ "refresh": token })).await.unwrap();
    assert_eq!(program.terminate().code(), Some(0));

    let (lax, output) = restore(data.path(), &file, "1970-01-01T00:00:00Z");
    assert!(output.status.success());
    let program = Program::start(lax.path(), &[]);
    assert_eq!(program.refresh(&token).await.unwrap().0, 200, "this is the hole that the moment closes");
    drop(program);

    let (safe, output) = restore(data.path(), &file, "now");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("sessions ended: 1, signing keys revoked: 2, operator tokens revoked: 0"),
        "{said}"
    );
    let program = Program::start(safe.path(), &[]);
    assert_eq!(program.refresh(&token).await.unwrap(), (401, "session_revoked".to_owned()));
    assert_eq!(program.refresh(&secret).await.unwrap().0, 401, "a used secret does not come back");
    let new = program.sign_in("alan@example.com").await;
    assert_eq!(program.refresh(&new).await.unwrap().0, 200);
}

#[test]
fn a_configuration_says_which_database_is_copied_and_restored() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    assert_eq!(Served::start(&place).terminate().code(), Some(0));
    let before = place.run(&["signing-key", "--json", "list"]);
    let tokens = ["operator", "--json", "token", "list"];
    place.run(&["operator", "token", "create", "--name", "console"]);
    let file = place.path("one.backup");
    place.run(&["backup", file.to_str().unwrap()]);
    for name in names(&place.path("data")) {
        fs::remove_file(place.path("data").join(name)).unwrap();
    }
    place.run(&["restore", file.to_str().unwrap(), "--end-sessions-before", "1970-01-01T00:00:00Z"]);
    assert_eq!(place.run(&["signing-key", "--json", "list"]), before);
    assert_eq!(place.run(&tokens)[0]["revoked_at"], Value::Null);

    // An operator token may have been revoked since, and opens everything.
    for name in names(&place.path("data")) {
        fs::remove_file(place.path("data").join(name)).unwrap();
    }
    place.run(&["restore", file.to_str().unwrap(), "--end-sessions-before", "now"]);
    assert!(place.run(&tokens)[0]["revoked_at"].is_string());

    place.write("colour = \"red\"\n");
    let said = place.refused(&["backup", file.to_str().unwrap()]);
    assert!(said.contains("2 faults") && said.contains("colour") && said.contains("database"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_backup_is_its_owners_alone_and_nothing_is_ever_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    let missing = complaint(&back_up(data.path(), &data.path().join("early.backup")));
    assert!(missing.contains("no database"), "{missing}");
    assert_eq!(Program::start(data.path(), &[]).terminate().code(), Some(0));

    let file = data.path().join("one.backup");
    assert!(back_up(data.path(), &file).status.success());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let content = fs::read(&file).unwrap();
    assert!(complaint(&back_up(data.path(), &file)).contains("nothing is overwritten"));
    assert!(complaint(&restore_into(data.path(), &file, "now")).contains("nothing is overwritten"));
    assert_eq!(fs::read(&file).unwrap(), content);
}

#[test]
fn a_restore_of_what_is_no_sound_backup_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(Program::start(data.path(), &[]).terminate().code(), Some(0));
    let file = data.path().join("one.backup");
    assert!(back_up(data.path(), &file).status.success());
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[4096 * 2..4096 * 6].fill(0x5a);
    for content in [b"a letter".to_vec(), whole[..whole.len() / 2].to_vec(), damaged, Vec::new()] {
        let broken = data.path().join("broken.backup");
        fs::write(&broken, content).unwrap();
        let (folder, output) = restore(data.path(), &broken, "now");
        assert!(!complaint(&output).is_empty());
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
    // A log that another database left behind would be taken for this one's.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("authmint.db-wal"), "old").unwrap();
    assert!(complaint(&restore_into(folder.path(), &file, "now")).contains("authmint.db-wal"));
    let unclear = complaint(&restore_into(folder.path(), &file, "yesterday"));
    assert!(unclear.contains("a moment is"), "{unclear}");
}
