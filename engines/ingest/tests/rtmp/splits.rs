//! However the bytes of a connection are cut, the same comes out.

use hearth_ingest::trial::{chunks, connection, outputs};
use proptest::prelude::*;

use crate::wire::*;

#[derive(Debug, Clone)]
enum Piece {
    Audio(u32, usize),
    Video(u32, bool, u8, usize),
    ChunkSize(u32),
    Configs,
    Garbage(Vec<u8>),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (any::<u32>(), 0usize..600).prop_map(|(at, length)| Piece::Audio(at, length)),
        4 => (any::<u32>(), any::<bool>(), any::<u8>(), 0usize..600)
            .prop_map(|(at, key, composition, length)| Piece::Video(at, key, composition, length)),
        1 => (1u32..512).prop_map(Piece::ChunkSize),
        2 => Just(Piece::Configs),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Piece::Garbage),
    ]
}

fn bytes(pieces: &[Piece]) -> Vec<u8> {
    let mut chunk_bytes = 128;
    let mut bytes = opening();
    for piece in pieces {
        match piece {
            Piece::Audio(at, length) => {
                let body = [&[0xaf, 1][..], &vec![7; *length]].concat();
                bytes.extend(message(chunk_bytes, 4, *at, AUDIO, 1, &body));
            }
            Piece::Video(at, key, composition_ms, length) => {
                let mut body = vec![0x17, 1, 0, 0, *composition_ms];
                body.extend((*length as u32 + 1).to_be_bytes());
                body.push(if *key { 0x65 } else { 0x41 });
                body.resize(body.len() + length, 3);
                bytes.extend(message(chunk_bytes, 6, *at, VIDEO, 1, &body));
            }
            Piece::ChunkSize(size) => {
                bytes.extend(message(chunk_bytes, 2, 0, 1, 0, &size.to_be_bytes()));
                chunk_bytes = *size as usize;
            }
            Piece::Configs => {
                bytes.extend(message(chunk_bytes, 4, 0, AUDIO, 1, &[&[0xaf, 0], ASC].concat()));
                bytes.extend(message(chunk_bytes, 6, 0, VIDEO, 1, &[&[0x17, 0, 0, 0, 0], AVCC].concat()));
            }
            Piece::Garbage(garbage) => bytes.extend_from_slice(garbage),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same(pieces in prop::collection::vec(piece(), 0..20), cuts in prop::collection::vec(1usize..400, 1..40)) {
        let bytes = bytes(&pieces);
        let mut cut = Vec::new();
        let mut rest = &bytes[..];
        for length in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at((*length).min(rest.len()));
            cut.push(piece);
            rest = tail;
        }
        prop_assert_eq!(outputs([&bytes[..]]), outputs(cut));
        connection(&bytes);
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        connection(&bytes);
        chunks(&bytes);
    }
}
