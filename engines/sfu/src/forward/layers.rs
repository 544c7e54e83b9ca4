//! Which layer each of a viewer's tracks is forwarded in, of simulcast and of
//! scalable encodings: the least
//! of what the bandwidth carries, what the size shown needs and what the viewer
//! chose. Every track gets its lowest layer before any gets a higher one.

use super::scaling::Target;
use crate::LayerChoice;
use crate::LayerPreference;

/// Share of the estimate kept for headers, repair and audio's swings.
const HEADROOM: f64 = 0.07;
/// A step up has to fit with this factor to spare; staying needs none, so a
/// layer at the edge doesn't flap.
const STEP_UP_FACTOR: f64 = 1.15;
/// Assumed height of the highest layer where the codec doesn't tell.
const ASSUMED_TOP_HEIGHT_PX: u32 = 720;

/// One layer as it arrives now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LayerNow {
    /// Layers with fewer pictures a second, of one size, have one name.
    pub(crate) rid: String,
    /// The encoding it is in, of a simulcast.
    pub(crate) encoding: usize,
    /// What of the encoding it is; `None`: all of it.
    pub(crate) target: Option<Target>,
    pub(crate) active: bool,
    pub(crate) bitrate_bps: u64,
    pub(crate) height_px: Option<u32>,
}

/// One video track of a viewer.
#[derive(Debug, Clone)]
pub(crate) struct Wish<'a> {
    /// Lowest first.
    pub(crate) layers: &'a [LayerNow],
    pub(crate) preference: &'a LayerPreference,
    /// What is forwarded now.
    pub(crate) current: Option<usize>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Allocation {
    /// For each wish the index of its layer; `None` only if paused.
    pub(crate) layers: Vec<Option<usize>>,
    /// Bandwidth needed for the next step up; 0 if there is none.
    pub(crate) next_step_bps: u64,
}

/// Divides `estimate_bps` (`None`: unknown, take all) after `audio_bps`.
pub(crate) fn allocate(estimate_bps: Option<u64>, audio_bps: u64, wishes: &[Wish<'_>]) -> Allocation {
    let budget_bps =
        estimate_bps.map(|estimate| ((estimate as f64 * (1.0 - HEADROOM)) as u64).saturating_sub(audio_bps));
    let ceilings: Vec<Option<usize>> = wishes.iter().map(ceiling).collect();
    let mut chosen: Vec<Option<usize>> =
        wishes.iter().zip(&ceilings).map(|(wish, ceiling)| ceiling.map(|ceiling| lowest(wish, ceiling))).collect();
    let cost = |index: usize, layer: usize| wishes[index].layers.get(layer).map_or(0, |layer| layer.bitrate_bps);
    let mut used_bps: u64 = chosen.iter().enumerate().filter_map(|(i, layer)| layer.map(|layer| cost(i, layer))).sum();
    let mut cheapest_refused_bps: Option<u64> = None;
    loop {
        let mut stepped = false;
        for index in 0..wishes.len() {
            let (Some(at), Some(ceiling)) = (chosen[index], ceilings[index]) else { continue };
            let Some(next) = next_active(&wishes[index], at, ceiling) else { continue };
            let more_bps = cost(index, next).saturating_sub(cost(index, at));
            let keeps = wishes[index].current.is_some_and(|current| next <= current);
            let needed_bps = if keeps {
                more_bps
            } else {
                (cost(index, next) as f64 * STEP_UP_FACTOR) as u64 - cost(index, at).min(cost(index, next))
            };
            if budget_bps.is_none_or(|budget| used_bps + needed_bps <= budget) {
                chosen[index] = Some(next);
                used_bps += more_bps;
                stepped = true;
            } else {
                let total_bps = used_bps + needed_bps;
                cheapest_refused_bps = Some(cheapest_refused_bps.map_or(total_bps, |least| least.min(total_bps)));
            }
        }
        if !stepped {
            break;
        }
        cheapest_refused_bps = None;
    }
    Allocation {
        layers: chosen,
        next_step_bps: cheapest_refused_bps.map_or(0, |bps| ((bps + audio_bps) as f64 / (1.0 - HEADROOM)) as u64),
    }
}

/// Highest layer that size and choice permit; `None` if paused.
fn ceiling(wish: &Wish<'_>) -> Option<usize> {
    if wish.preference.paused {
        return None;
    }
    let top = wish.layers.len().saturating_sub(1);
    let by_size = wish
        .preference
        .max_height_px
        .map_or(top, |wanted| (0..=top).find(|layer| height_px(wish.layers, *layer) >= wanted).unwrap_or(top));
    let by_size = whole(wish.layers, by_size);
    let by_choice = match &wish.preference.choice {
        LayerChoice::Auto => top,
        LayerChoice::Rid(rid) => wish.layers.iter().rposition(|layer| layer.rid == *rid).unwrap_or(top),
    };
    let permitted = by_size.min(by_choice);
    let active = (0..=permitted).rev().find(|layer| wish.layers.get(*layer).is_some_and(|layer| layer.active));
    // A publisher may send only layers above what was chosen: better too much than nothing.
    let any = || wish.layers.iter().position(|layer| layer.active);
    Some(active.or_else(any).or(wish.current).unwrap_or(permitted))
}

fn lowest(wish: &Wish<'_>, ceiling: usize) -> usize {
    (0..=ceiling).find(|layer| wish.layers.get(*layer).is_some_and(|layer| layer.active)).unwrap_or(ceiling)
}

fn next_active(wish: &Wish<'_>, at: usize, ceiling: usize) -> Option<usize> {
    (at + 1..=ceiling).find(|layer| wish.layers.get(*layer).is_some_and(|layer| layer.active))
}

/// The layer of the same size with the most pictures a second.
fn whole(layers: &[LayerNow], layer: usize) -> usize {
    let same = |at: &usize| layers.get(*at).map(|at| &at.rid) == layers.get(layer).map(|layer| &layer.rid);
    (layer + 1..layers.len()).take_while(same).last().unwrap_or(layer)
}

fn height_px(layers: &[LayerNow], layer: usize) -> u32 {
    let above = layers.get(layer..).unwrap_or(&[]);
    let halvings = above.windows(2).filter(|pair| pair[0].rid != pair[1].rid).count() as u32;
    layers.get(layer).and_then(|layer| layer.height_px).unwrap_or(ASSUMED_TOP_HEIGHT_PX >> halvings.min(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Vec<LayerNow> {
        [("q", 150_000, 180), ("h", 500_000, 360), ("f", 1_700_000, 720)]
            .into_iter()
            .zip(0..)
            .map(|((rid, bitrate_bps, height), encoding)| LayerNow {
                rid: rid.into(),
                encoding,
                target: None,
                active: true,
                bitrate_bps,
                height_px: Some(height),
            })
            .collect()
    }

    /// One encoding of two sizes, the lower one with three rates of pictures.
    fn scalable() -> Vec<LayerNow> {
        [("s0", 0, 60_000, 180), ("s0", 1, 90_000, 180), ("s0", 2, 150_000, 180), ("s1", 2, 600_000, 360)]
            .into_iter()
            .map(|(rid, temporal, bitrate_bps, height)| {
                let spatial = u8::from(rid == "s1");
                let target = Some(Target { index: spatial * 4 + temporal, spatial, temporal });
                LayerNow { rid: rid.into(), encoding: 0, target, active: true, bitrate_bps, height_px: Some(height) }
            })
            .collect()
    }

    fn one(
        estimate_bps: Option<u64>,
        layers: &[LayerNow],
        preference: &LayerPreference,
        current: Option<usize>,
    ) -> Allocation {
        allocate(estimate_bps, 40_000, &[Wish { layers, preference, current }])
    }

    #[test]
    fn bandwidth_decides_with_hysteresis() {
        let (layers, auto) = (ladder(), LayerPreference::default());
        assert_eq!(one(None, &layers, &auto, None).layers, [Some(2)]);
        assert_eq!(one(Some(3_000_000), &layers, &auto, None).layers, [Some(2)]);
        assert_eq!(one(Some(1_000_000), &layers, &auto, None).layers, [Some(1)]);
        assert_eq!(one(Some(10_000), &layers, &auto, Some(2)).layers, [Some(0)], "never nothing");
        let edge = Some(1_900_000);
        assert_eq!(one(edge, &layers, &auto, Some(2)).layers, [Some(2)], "stays");
        assert_eq!(one(edge, &layers, &auto, Some(1)).layers, [Some(1)], "does not step up");
    }

    #[test]
    fn says_what_to_probe_for() {
        let (layers, auto) = (ladder(), LayerPreference::default());
        let low = one(Some(600_000), &layers, &auto, Some(0));
        assert_eq!(low.layers, [Some(0)]);
        assert!((600_000..1_000_000).contains(&low.next_step_bps), "the next layer's rate: {}", low.next_step_bps);
        let enough = one(Some(low.next_step_bps + 1), &layers, &auto, Some(0));
        assert_eq!(enough.layers, [Some(1)], "reaching the rate asked for is a step up");
        let top = one(None, &layers, &auto, Some(2));
        assert_eq!(top.next_step_bps, 0, "nothing to step up to");
    }

    #[test]
    fn size_and_choice_cap_it() {
        let layers = ladder();
        let sized = |px| LayerPreference { max_height_px: Some(px), ..Default::default() };
        assert_eq!(one(None, &layers, &sized(120), None).layers, [Some(0)]);
        assert_eq!(one(None, &layers, &sized(181), None).layers, [Some(1)]);
        assert_eq!(one(None, &layers, &sized(4_000), None).layers, [Some(2)]);
        let chosen = LayerPreference { choice: LayerChoice::Rid("h".into()), ..Default::default() };
        assert_eq!(one(None, &layers, &chosen, None).layers, [Some(1)]);
        let unknown = LayerPreference { choice: LayerChoice::Rid("z".into()), ..Default::default() };
        assert_eq!(one(None, &layers, &unknown, None).layers, [Some(2)]);
        let paused = LayerPreference { paused: true, ..Default::default() };
        assert_eq!(one(None, &layers, &paused, Some(1)).layers, [None]);
    }

    #[test]
    fn a_rate_of_pictures_is_given_up_only_for_bandwidth() {
        let (layers, auto) = (scalable(), LayerPreference::default());
        assert_eq!(one(None, &layers, &auto, None).layers, [Some(3)]);
        assert_eq!(one(Some(300_000), &layers, &auto, Some(3)).layers, [Some(2)]);
        assert_eq!(one(Some(150_000), &layers, &auto, Some(2)).layers, [Some(1)]);
        assert_eq!(one(Some(30_000), &layers, &auto, Some(2)).layers, [Some(0)]);
        let small = LayerPreference { max_height_px: Some(100), ..Default::default() };
        assert_eq!(one(None, &layers, &small, None).layers, [Some(2)], "a small picture is a smooth one");
        let chosen = LayerPreference { choice: LayerChoice::Rid("s0".into()), ..Default::default() };
        assert_eq!(one(None, &layers, &chosen, None).layers, [Some(2)]);
        let mut untold = scalable();
        untold.iter_mut().for_each(|layer| layer.height_px = None);
        let half = LayerPreference { max_height_px: Some(360), ..Default::default() };
        assert_eq!(one(None, &untold, &half, None).layers, [Some(2)], "half of what is assumed of the highest");
    }

    #[test]
    fn layers_not_sent_are_passed_over() {
        let auto = LayerPreference::default();
        let mut layers = ladder();
        layers[2].active = false;
        assert_eq!(one(None, &layers, &auto, Some(2)).layers, [Some(1)]);
        layers[0].active = false;
        let low = LayerPreference { choice: LayerChoice::Rid("q".into()), ..Default::default() };
        assert_eq!(one(None, &layers, &low, None).layers, [Some(1)], "better too much than nothing");
        layers[1].active = false;
        assert_eq!(one(None, &layers, &auto, Some(1)).layers, [Some(1)], "none is sent: stay");
    }

    #[test]
    fn all_get_the_lowest_before_one_gets_more() {
        let (layers, auto) = (ladder(), LayerPreference::default());
        let wish = Wish { layers: &layers, preference: &auto, current: None };
        let four = [wish.clone(), wish.clone(), wish.clone(), wish];
        let allocation = allocate(Some(1_300_000), 0, &four);
        assert_eq!(allocation.layers, [Some(1), Some(0), Some(0), Some(0)]);
        assert_eq!(allocate(Some(100_000), 0, &four).layers, [Some(0); 4]);
    }
}
