use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::text::{Reader, fold};

/// What is longer than all texts of any sender is not looked for: it is taken for found.
const MOST: usize = 1024 * 1024;

/// Texts that are looked for all at once. `None` finds something everywhere.
pub(super) struct Needles(Option<AhoCorasick>);

impl Needles {
    /// Texts that are found in what a [`Reader`] shows.
    pub(super) fn new(texts: &[Zeroizing<Vec<u8>>]) -> Self {
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let automaton = || AhoCorasick::new(texts.iter().map(|text| text.as_slice())).ok();
        Self(if length > MOST { None } else { automaton() })
    }

    /// Texts that are replaced as they are written, the longest that fits.
    pub(super) fn written(texts: &[Zeroizing<Vec<u8>>]) -> Self {
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let mut builder = AhoCorasick::builder();
        builder
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true);
        let automaton = || builder.build(texts.iter().map(|text| text.as_slice())).ok();
        Self(if length > MOST { None } else { automaton() })
    }

    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        let automaton = self.0.as_ref();
        automaton.is_none_or(|automaton| automaton.is_match(text))
    }

    /// The same bytes with this in place of each, or `None` if there is none.
    pub(super) fn replaced(&self, bytes: &[u8], with: &[u8]) -> Option<Vec<u8>> {
        let automaton = self.0.as_ref()?;
        automaton.find(bytes)?;
        let mut replaced = Vec::with_capacity(bytes.len());
        automaton.replace_all_with_bytes(bytes, &mut replaced, |_, _, replaced| {
            replaced.extend_from_slice(with);
            true
        });
        Some(replaced)
    }
}

/// How a text may be read, layer by layer, and in base64.
pub(super) fn readings(text: &str) -> Vec<Zeroizing<Vec<u8>>> {
    // What is not an escape may look like one: the text is then read as the rest of what is around it.
    let mut readings = layers(text.as_bytes());
    let narrow = text.chars().map(|character| u8::try_from(character).ok());
    if let Some(narrow) = narrow.collect::<Option<Vec<u8>>>() {
        readings.push(folded(&narrow));
    }
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes = text.encode_utf16().flat_map(bytes_of);
        readings.push(folded(&Zeroizing::new(bytes.collect::<Vec<u8>>())));
    }
    for offset in 0..3 {
        let mut bytes = Zeroizing::new(vec![0; offset]);
        bytes.extend_from_slice(text.as_bytes());
        // The characters that no neighbor has a part of.
        let (from, to) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = Zeroizing::new(engine.encode(&*bytes));
            readings.push(folded(encoded.as_bytes().get(from..to).unwrap_or_default()));
        }
    }
    readings
}

/// What a [`Reader`] shows of a text.
pub(super) fn layers(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut layers = Vec::new();
    Reader::default().read(text, |layer| layers.push(Zeroizing::new(layer.to_vec())));
    layers
}

fn folded(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut folded = Vec::new();
    fold(bytes, &mut folded);
    Zeroizing::new(folded)
}
