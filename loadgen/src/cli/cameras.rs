//! Rooms of many cameras.

use super::{MeasuredArguments, check};
use crate::failure::Result;
use crate::media::cameras::{self, CAMERAS_MAX, CAMERAS_MIN, KBPS_MAX};
use crate::media::packetiser::{FRAME_RATE, FRAME_RATE_MAX};
use crate::media::publishing::LAYERS_MAX;
use clap::Args;
use hearth_protocol::limits::GROUP_MEMBERS_MAX;
use std::net::{IpAddr, Ipv4Addr};

/// Many cameras.
#[derive(Args, Clone)]
pub(super) struct CamerasArguments {
    /// Who publish camera and microphone, and watch each other.
    #[arg(long, default_value_t = CAMERAS_MAX)]
    cameras: usize,
    /// Who watch besides.
    #[arg(long, default_value_t = 0)]
    viewers: usize,
    /// How many each shows large; all others are small.
    #[arg(long, default_value_t = 1)]
    large: usize,
    /// Bits a second of the layers, in thousands, the lowest first.
    #[arg(long, value_delimiter = ',', num_args = 1..=LAYERS_MAX, default_values_t = [150, 500, 1_700])]
    kbps: Vec<u32>,
    /// Frames a second.
    #[arg(long, default_value_t = FRAME_RATE)]
    frame_rate: u32,
    /// No sound.
    #[arg(long)]
    silent: bool,
    /// How many begin to watch at the same time.
    #[arg(long, default_value_t = 5)]
    join_together: usize,
    #[command(flatten)]
    pub(super) measured: MeasuredArguments,
}

impl CamerasArguments {
    pub(super) fn load(&self) -> Result<cameras::Load> {
        check("cameras", self.cameras as u64, CAMERAS_MIN as u64, CAMERAS_MAX as u64)?;
        check("viewers", self.viewers as u64, 0, (GROUP_MEMBERS_MAX - self.cameras) as u64)?;
        check("large", self.large as u64, 0, CAMERAS_MAX as u64)?;
        check("frame-rate", self.frame_rate.into(), 1, FRAME_RATE_MAX.into())?;
        check("join-together", self.join_together as u64, 1, GROUP_MEMBERS_MAX as u64)?;
        self.measured.check()?;
        check("kbps", self.kbps.len() as u64, 1, LAYERS_MAX as u64)?;
        let mut kbps = [0; LAYERS_MAX];
        for (layer, asked) in kbps.iter_mut().zip(&self.kbps) {
            check("kbps", (*asked).into(), 1, KBPS_MAX.into())?;
            *layer = *asked;
        }
        let load = cameras::Load {
            cameras: self.cameras,
            viewers: self.viewers,
            large: self.large,
            kbps,
            frame_rate: self.frame_rate,
            sound: !self.silent,
            join_together: self.join_together,
            seconds: self.measured.seconds,
            warm_up_seconds: self.measured.warmup,
            feedback: !self.measured.no_bwe,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        load.plan(0)?;
        Ok(load)
    }
}
