//! The order of functions in which a module compresses best: each beside the one most like it.
//!
//! The compiler writes a generic function once for every type, nearly the same each time. The nearer the last one of that kind, the fewer
//! bytes it takes to say that this one is like it.

use crate::Done;
use std::collections::HashMap;
use wasm_encoder::{NameMap, NameSection, RawSection};
use wasmparser::{Parser, Payload, TypeRef};

/// Four bytes of code that more functions than this have tell nothing.
const COMMON: usize = 4_000;

/// The module with a new name for each function: its place, for `wasm-opt --reorder-functions-by-name`.
///
/// # Errors
/// Where this is no WebAssembly module.
pub fn named_by_place(module: &[u8]) -> Done<Vec<u8>> {
    let mut result = wasm_encoder::Module::new();
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(&module[body.range()]),
            _ => {}
        }
        let is_name = matches!(&payload, Payload::CustomSection(section) if section.name() == "name");
        if let Some((id, range)) = payload.as_section().filter(|_| !is_name) {
            result.section(&RawSection { id, data: &module[range] });
        }
    }
    let mut place_of = vec![0; bodies.len()];
    for (place, body) in side_by_side(&bodies).into_iter().enumerate() {
        place_of[body] = place;
    }
    let mut functions = NameMap::new();
    for (index, place) in (imported..).zip(place_of) {
        functions.append(index, &format!("{place:06}"));
    }
    let mut names = NameSection::new();
    names.functions(&functions);
    result.section(&names);
    Ok(result.finish())
}

/// The indices of the bodies, so that each comes after one that it shares most with; where none is left that shares anything, the next
/// by its bytes.
fn side_by_side(bodies: &[&[u8]]) -> Vec<usize> {
    let pieces: Vec<Vec<[u8; 4]>> = bodies
        .iter()
        .map(|body| {
            let mut pieces: Vec<_> = body.array_windows().copied().collect();
            pieces.sort_unstable();
            pieces.dedup();
            pieces
        })
        .collect();
    let mut having: HashMap<[u8; 4], Vec<usize>> = HashMap::new();
    for (body, pieces) in pieces.iter().enumerate() {
        for piece in pieces {
            having.entry(*piece).or_default().push(body);
        }
    }
    having.retain(|_, having| having.len() <= COMMON);
    let mut by_bytes: Vec<_> = (0..bodies.len()).collect();
    by_bytes.sort_by_key(|&body| bodies[body]);
    let mut by_bytes = by_bytes.into_iter();
    let (mut placed, mut shared) = (vec![false; bodies.len()], vec![0_usize; bodies.len()]);
    let (mut order, mut kin) = (Vec::new(), Vec::new());
    let mut next = None;
    while let Some(body) = next.take().or_else(|| by_bytes.next()) {
        if placed[body] {
            continue;
        }
        placed[body] = true;
        order.push(body);
        for piece in &pieces[body] {
            let Some(having) = having.get_mut(piece) else { continue };
            having.retain(|&other| !placed[other]);
            for &other in &*having {
                if shared[other] == 0 {
                    kin.push(other);
                }
                shared[other] += 1;
            }
        }
        // Of all that either has, the part that both have: as fractions, without rounding.
        let all = |other: usize, shared: usize| pieces[body].len() + pieces[other].len() - shared;
        let candidates: Vec<_> = kin.drain(..).map(|other| (std::mem::take(&mut shared[other]), other)).collect();
        next = candidates
            .into_iter()
            .max_by(|&(a, at), &(b, other)| (a * all(other, b)).cmp(&(b * all(at, a))).then_with(|| other.cmp(&at)))
            .map(|(_, other)| other);
    }
    order
}
