//! What the fuzz target `token` plays for minutes, for a moment: the inputs that are kept, and random ones.

mod forgery;

use proptest::prelude::*;

#[test]
fn what_fuzzing_found_worth_keeping_is_sound() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/token");
    let files = std::fs::read_dir(folder).unwrap();
    let played = files.map(|file| forgery::sound(&std::fs::read(file.unwrap().path()).unwrap())).count();
    assert!(played > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_made_of_tokens_is_good_only_if_it_was_given(script in prop::collection::vec(any::<u8>(), 0..160)) {
        forgery::sound(&script);
    }

    #[test]
    fn a_few_changes_of_a_token_are_seen(shown: u8, changes in prop::collection::vec(any::<(u8, u8, u8)>(), 0..4)) {
        let changes = changes.into_iter().flat_map(|(what, at, by)| [what, at % 128, by]);
        forgery::sound(&[1, shown].into_iter().chain(changes).collect::<Vec<u8>>());
    }
}
