//! Import by drop: calendar files that stand in a folder become calendars of the people they are named after.
//!
//! Only finds them; each is then read like any other calendar, and again when it changed. A file that goes is a calendar that cannot be
//! read, which takes nothing away.

use std::path::{Path, PathBuf};

use crate::{
    model::{
        ids::{self, CalendarId},
        staff::{Calendar, Privacy, Staff, Whose},
    },
    store::{Error, Store},
};

/// A file nobody's time comes from, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    pub(crate) file: String,
    pub(crate) why: String,
}

/// Looks through all folders, and adds a calendar for each file that is new. Says which files are nobody's.
pub(crate) async fn take_in(store: &Store) -> Result<Vec<Stranger>, Error> {
    let mut tx = store.read().await?;
    let (folders, people, known) = (tx.folders().await?, tx.staff().await?, tx.calendars().await?);
    drop(tx);
    let (mut fresh, mut strangers) = (Vec::new(), Vec::new());
    for folder in folders {
        let files = match files(Path::new(&folder)) {
            Ok(files) => files,
            Err(error) => {
                strangers.push(Stranger { file: folder, why: format!("this folder cannot be read: {error}") });
                continue;
            }
        };
        for file in files {
            let location = file.display().to_string();
            // Whose it is was said already, whatever her addresses are by now.
            if known.iter().any(|source| source.calendar.location == location) {
                continue;
            }
            match owner(&file, &people) {
                Ok(person) => fresh.push(calendar(person, &file)),
                Err(why) => strangers.push(Stranger { file: location, why }),
            }
        }
    }
    if !fresh.is_empty() {
        let mut tx = store.write().await?;
        for calendar in &fresh {
            tx.insert_calendar(calendar).await?;
        }
        tx.commit().await?;
    }
    Ok(strangers)
}

/// The calendar files of a folder, in order of name.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ics")));
    files.sort();
    Ok(files)
}

/// The person a file is named after: by one of her addresses, or by what stands before its @ where that is only hers.
fn owner<'a>(file: &Path, people: &'a [Staff]) -> Result<&'a Staff, String> {
    let name = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    if let Some(person) = people.iter().find(|person| person.has_address(&name)) {
        return Ok(person);
    }
    let is_hers = |person: &&Staff| person.addresses.iter().any(|address| address.split('@').next() == Some(&name));
    match people.iter().filter(is_hers).collect::<Vec<_>>().as_slice() {
        [person] => Ok(person),
        [] => Err("nobody has this name; call it after an address, such as dana@your-firm.example.ics".to_owned()),
        _ => Err("more than one person has this name; call it after the whole address".to_owned()),
    }
}

fn calendar(person: &Staff, file: &Path) -> Calendar {
    Calendar {
        id: CalendarId(ids::fresh()),
        staff: person.id,
        name: file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        location: file.display().to_string(),
        connection: None,
        owner: person.email().to_owned(),
        whose: Whose::Mine,
        privacy: Privacy::Full,
        position: 0,
    }
}
