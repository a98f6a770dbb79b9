//! Arrays of PHP without the detours: a walk that makes no value per key, and copies of a prepared array.
//!
//! Both matter. A walk through the engine's iterator functions, and an array built key by key, each cost more than
//! all the rest of what the calls that need them do.

use std::{mem::MaybeUninit, ptr, slice};

use ext_php_rs::{
    boxed::ZBox,
    ffi::{_Bucket, GC_IMMUTABLE, HashTable, dtor_func_t, zend_array_dup},
    flags::{DataType, ZvalTypeFlags},
    types::{ArrayKey, ZendHashTable, ZendStr, Zval},
};

/// Of `HT_FLAGS`: a list, whose elements are bare values since PHP 8.2. It has no keys of text.
const PACKED: u32 = 1 << 2;
/// Of `GC_FLAGS` of a string: never counted, never freed (`IS_STR_INTERNED | IS_STR_PERMANENT`).
const IMMORTAL: u32 = GC_IMMUTABLE | (1 << 8);

unsafe extern "C" {
    // Part of the API of all versions of PHP we support; not bound by ext-php-rs.
    fn _zend_hash_init(table: *mut HashTable, size: u32, destructor: dtor_func_t, persistent: bool);
    fn zend_hash_destroy(table: *mut HashTable);
}

/// The members with a text as key and a value other than null, in order.
pub(crate) fn members(table: &ZendHashTable) -> impl Iterator<Item = (&[u8], &Zval)> {
    buckets(table).iter().filter_map(|bucket| {
        // SAFETY: the key of a bucket is null or a string that lives as long as the bucket.
        let key = unsafe { bucket.key.as_ref() }?;
        let value = bucket.val.dereference();
        // Undefined marks a removed member.
        let some = !matches!(value.get_type(), DataType::Undef | DataType::Null);
        some.then(|| (key.as_bytes(), value))
    })
}

fn buckets(table: &ZendHashTable) -> &[_Bucket] {
    // SAFETY: the flags are valid in every view of this union.
    if unsafe { table.u.flags } & PACKED != 0 {
        return &[];
    }
    // SAFETY: a table that is not packed has `nNumUsed` initialised buckets at `arData`, which is never null.
    unsafe { slice::from_raw_parts(data(table), table.nNumUsed as usize) }
}

#[cfg(php82)]
fn data(table: &ZendHashTable) -> *mut _Bucket {
    // SAFETY: the view of the union that a table which is not packed has.
    unsafe { table.__bindgen_anon_1.arData }
}

#[cfg(not(php82))]
fn data(table: &ZendHashTable) -> *mut _Bucket {
    table.arData
}

/// An array with fixed keys, to be copied and filled. Outlives requests.
pub(crate) struct Template(Box<HashTable>);

impl Template {
    /// An array with these keys, in order. They are not to look like integers.
    pub(crate) fn new<const N: usize>(keys: [&str; N]) -> Self {
        let mut table = Box::new(MaybeUninit::uninit());
        // SAFETY: initialises every field of the table. Its memory is the process's, not the request's.
        let mut table = unsafe {
            _zend_hash_init(table.as_mut_ptr(), u32::try_from(N).unwrap_or(u32::MAX), None, true);
            Box::from_raw(Box::into_raw(table).cast::<HashTable>())
        };
        for key in keys {
            let _ = table.insert(ArrayKey::ZendString(immortal(key)), false);
        }
        // As a constant array of a script: what it holds is never counted, so PHP copies it in one go, without a look at
        // each member, which would take twice as long.
        // SAFETY: type_info is the only view of the union.
        unsafe { table.gc.u.type_info |= GC_IMMUTABLE };
        Self(table)
    }

    /// A new array with the keys of this one and the given values; those of keys without one are false.
    #[inline]
    pub(crate) fn filled<const M: usize>(&self, values: [Value; M]) -> ZBox<ZendHashTable> {
        // SAFETY: gives a new array of the request with one reference, ours. The source is only read.
        let copy = unsafe { ZBox::from_raw(zend_array_dup(ptr::from_ref(&*self.0).cast_mut())) };
        // SAFETY: as in `buckets`; the copy of a table that is not packed is not, and we alone have it.
        let buckets = unsafe { slice::from_raw_parts_mut(data(&copy), copy.nNumUsed as usize) };
        for (bucket, value) in buckets.iter_mut().zip(values) {
            // Written as it is: setting a value first looks what is there to be freed, ten times for nothing.
            let (value, kind) = match value {
                Value::Count(count) => (i64::try_from(count).unwrap_or(i64::MAX), ZvalTypeFlags::Long),
                Value::Flag(flag) => (0, if flag { ZvalTypeFlags::True } else { ZvalTypeFlags::False }),
            };
            bucket.val.value.lval = value;
            bucket.val.u1.type_info = kind.bits();
        }
        copy
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`; copies share nothing with it but its keys, which are never freed.
        unsafe { zend_hash_destroy(&raw mut *self.0) };
    }
}

/// A value of a filled template.
pub(crate) enum Value {
    Count(u64),
    Flag(bool),
}

/// A string that is neither counted nor freed, as PHP's own interned ones: arrays with nothing else for keys are
/// copied and freed without looking at the keys. Leaks, so: a handful per worker.
fn immortal(text: &str) -> &'static ZendStr {
    let string = ZendStr::new(text, true).into_raw();
    // SAFETY: we alone have the string, which is never freed; type_info is the only view of the union.
    unsafe {
        (*string).gc.u.type_info |= IMMORTAL;
        &*string
    }
}
