//! The country, and where the database knows it the city, of an address: any file in MaxMind's format.
//!
//! The file is read into memory as a whole: a mapped file that somebody truncates would end the engine. A country
//! database takes 5 to 10 MB, one of cities about 60.

use std::fs::{self, Metadata};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use maxminddb::{PathElement, Reader};

use crate::text;

/// Largest file read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Longest name of a city kept, in bytes.
const CITY: usize = 64;

/// The file's name where none is configured.
const FILE: &str = "country.mmdb";

/// Where an address is. Both empty: unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1, two capital letters.
    pub country: Option<[u8; 2]>,
    /// English name, cleaned, at most 64 bytes.
    pub city: Option<Box<str>>,
}

/// What there is to say about the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The file looked at; `None`: none is configured and none was found.
    pub path: Option<PathBuf>,
    /// The type its maker gave it, as `GeoLite2-City`; `None`: no database is loaded, every place is unknown.
    pub kind: Option<Box<str>>,
    /// When it was made, in Unix seconds.
    pub built: Option<u64>,
    /// It knows cities, too.
    pub cities: bool,
    /// Why the file, or its latest version, is not used.
    pub error: Option<String>,
}

/// A database of places, or none.
#[derive(Debug, Default)]
pub struct Geo {
    configured: Option<PathBuf>,
    state: State,
    /// Identity of the file last tried, whether or not it could be used.
    seen: Option<Stamp>,
    database: Option<Database>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(file: &Metadata) -> Stamp {
        Stamp {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }
}

#[derive(Debug)]
struct Database {
    reader: Reader<Vec<u8>>,
    shape: Shape,
}

/// How records are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `{"country": {"iso_code": "FR"}, "city": {"names": {"en": "Paris"}}}`: MaxMind, DB-IP
    Nested,
    /// `{"country_code": "FR", "city": "Paris"}`: ip-location-db
    Flat,
    /// `{"country": "FR", "city": "Paris"}`: IPinfo
    Plain,
}

impl Geo {
    /// Opens a database; without a path, the one of [`Geo::default_path`] if there is one. What went wrong is in
    /// [`Geo::state`]; places are unknown then.
    pub fn open(path: Option<&Path>) -> Geo {
        let configured = path.filter(|p| !p.as_os_str().is_empty()).map(Path::to_path_buf);
        let mut geo = Geo { configured, ..Geo::default() };
        geo.refresh();
        geo
    }

    /// The country database that came with the program: `country.mmdb` beside the executable, in
    /// `/usr/libexec/qahm-realtime` or in `/usr/share/qahm-realtime`.
    pub fn default_path() -> Option<PathBuf> {
        let executable = std::env::current_exe().ok();
        let beside = executable.as_deref().and_then(Path::parent);
        [beside, Some(Path::new("/usr/libexec/qahm-realtime")), Some(Path::new("/usr/share/qahm-realtime"))]
            .into_iter()
            .flatten()
            .map(|folder| folder.join(FILE))
            .find(|file| file.is_file())
    }

    /// Looks whether the file is another than the one last tried (device, inode, size or time of change) and loads it;
    /// one `stat` when it is not. A file that cannot be used leaves the database that is loaded in force and is told in
    /// [`Geo::state`]. Answers whether places may be others now.
    pub fn refresh(&mut self) -> bool {
        let Some(path) = self.configured.clone().or_else(Geo::default_path) else {
            self.state.error = self.database.is_some().then(|| "the file is gone".to_owned());
            self.state.path = None;
            self.seen = None;
            return false;
        };
        let file = match fs::metadata(&path) {
            Ok(file) => file,
            Err(error) => {
                self.state = State {
                    path: Some(path),
                    error: Some(error.to_string()),
                    ..std::mem::take(&mut self.state)
                };
                self.seen = None;
                return false;
            }
        };
        let stamp = Stamp::of(&file);
        if self.seen == Some(stamp) && self.state.path.as_deref() == Some(&path) {
            return false;
        }
        self.seen = Some(stamp);
        match load(&path, &file) {
            Ok(database) => {
                let metadata = database.reader.metadata();
                self.state = State {
                    path: Some(path),
                    kind: Some(text::clean(&metadata.database_type, CITY).into()),
                    built: Some(metadata.build_epoch),
                    cities: database.has_cities(),
                    error: None,
                };
                self.database = Some(database);
                true
            }
            Err(error) => {
                self.state.path = Some(path);
                self.state.error = Some(error);
                false
            }
        }
    }

    /// Where the address is.
    pub fn lookup(&self, address: IpAddr) -> Place {
        self.database.as_ref().map(|database| database.lookup(address)).unwrap_or_default()
    }

    /// What Site Health says.
    pub fn state(&self) -> &State {
        &self.state
    }
}

fn load(path: &Path, file: &Metadata) -> Result<Database, String> {
    if !file.is_file() {
        return Err("it is no regular file".into());
    }
    if file.len() > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST >> 20));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let reader = Reader::from_source(bytes).map_err(|error| text::clean(&error.to_string(), 200))?;
    let shape = shape(&reader).ok_or_else(|| {
        let kind = text::clean(&reader.metadata().database_type, CITY);
        format!("its records ({kind}) hold no country where one is known to stand")
    })?;
    Ok(Database { reader, shape })
}

/// The shape of the first record, among some, that has a country in any of the known places.
fn shape(reader: &Reader<Vec<u8>>) -> Option<Shape> {
    /// Well-known addresses of several countries, and records to look at beside them (a test database is small).
    const KNOWN: [[u8; 4]; 4] = [[8, 8, 8, 8], [193, 0, 0, 1], [202, 12, 29, 1], [200, 160, 0, 1]];
    const RECORDS: usize = 200;
    let of = |result: &maxminddb::LookupResult<'_, Vec<u8>>| {
        let is = |path: &[&str]| code(&field(result, path)?).map(|_| ());
        is(&["country", "iso_code"])
            .or_else(|| is(&["registered_country", "iso_code"]))
            .map(|()| Shape::Nested)
            .or_else(|| is(&["country_code"]).map(|()| Shape::Flat))
            .or_else(|| is(&["country"]).map(|()| Shape::Plain))
    };
    let known = KNOWN.iter().filter_map(|address| reader.lookup(IpAddr::from(*address)).ok());
    known.filter_map(|result| of(&result)).next().or_else(|| {
        let all = reader.networks(Default::default()).ok()?;
        all.take(RECORDS).filter_map(Result::ok).find_map(|result| of(&result))
    })
}

impl Database {
    fn lookup(&self, address: IpAddr) -> Place {
        let Ok(result) = self.reader.lookup(address.to_canonical()) else { return Place::default() };
        let country = match self.shape {
            Shape::Nested => field(&result, &["country", "iso_code"])
                .or_else(|| field(&result, &["registered_country", "iso_code"])),
            Shape::Flat => field(&result, &["country_code"]),
            Shape::Plain => field(&result, &["country"]),
        };
        let city = match self.shape {
            Shape::Nested => field(&result, &["city", "names", "en"]),
            Shape::Flat | Shape::Plain => field(&result, &["city"]),
        };
        let city = city.map(|name| text::clean(&name, CITY)).filter(|name| !name.is_empty());
        Place { country: country.and_then(|text| code(&text)), city: city.map(String::into_boxed_str) }
    }

    /// By its type, as MaxMind, DB-IP and ip-location-db name theirs.
    fn has_cities(&self) -> bool {
        self.reader.metadata().database_type.to_ascii_lowercase().contains("city")
    }
}

/// A text in a record; `None` when it is absent, no text, or the file is broken there.
fn field<'a>(result: &maxminddb::LookupResult<'a, Vec<u8>>, path: &[&'a str]) -> Option<String> {
    let path: Vec<PathElement<'_>> = path.iter().map(|key| PathElement::Key(key)).collect();
    result.decode_path::<&str>(&path).ok().flatten().map(str::to_owned)
}

fn code(text: &str) -> Option<[u8; 2]> {
    let [a, b] = *text.as_bytes() else { return None };
    (a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
        .then(|| [a.to_ascii_uppercase(), b.to_ascii_uppercase()])
}
