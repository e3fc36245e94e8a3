//! How jitter is spread around a link's delay.
//!
//! The tables are those of tc-netem (iproute2, `netem/normal.c`, `pareto.c`, `paretonormal.c`):
//! quantiles in units of 1/8192 of the jitter. They are computed here in integers, when this is
//! compiled, so that every machine has the same ones.

use underpass_core::Duration;

use crate::random::Stream;

/// The distribution of the jitter, by tc-netem's names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Distribution {
    /// Uniform in `delay - jitter ..= delay + jitter`.
    #[default]
    Uniform,
    /// Normal with the jitter as its standard deviation, up to 3.67 of them from the delay.
    Normal,
    /// Pareto with the shape 3, moved to the mean zero: most packets a little early (by two thirds
    /// of the jitter at most), few very late (by four times the jitter at most).
    Pareto,
    /// A quarter normal and three quarters Pareto: the quantiles of both, weighted.
    ParetoNormal,
}

/// Quantiles of a table, one for each of as many equal shares of the packets.
const QUANTILES: usize = 4096;

/// What the jitter counts as in a table (`NETEM_DIST_SCALE` in Linux' `pkt_sched.h`).
const SCALE: i64 = 8192;

type Table = [i16; QUANTILES];

static NORMAL: Table = normal();
static PARETO: Table = pareto();
static PARETO_NORMAL: Table = pareto_normal(&NORMAL, &PARETO);

impl Distribution {
    /// The delay of the packet of that number.
    pub(super) fn latency(
        self,
        delay: Duration,
        jitter: Duration,
        draws: &Stream,
        number: u64,
    ) -> Duration {
        let table = match self {
            Self::Uniform => {
                let choices = jitter.saturating_mul(2).as_micros().saturating_add(1);
                let above_least = Duration::from_micros(draws.below(number, choices));
                return delay.saturating_add(above_least).saturating_sub(jitter);
            }
            Self::Normal => &NORMAL,
            Self::Pareto => &PARETO,
            Self::ParetoNormal => &PARETO_NORMAL,
        };
        let place = usize::try_from(draws.below(number, QUANTILES as u64)).expect("a small bound");
        let (units, scale) = (i128::from(table[place]), i128::from(SCALE));
        let scaled = i128::from(jitter.as_micros()) * units;
        // Rounded to the nearest, halves away from zero, as tc-netem does.
        let difference = (scaled + scaled.signum() * scale / 2) / scale;
        let latency = (i128::from(delay.as_micros()) + difference).max(0);
        Duration::from_micros(u64::try_from(latency).unwrap_or(u64::MAX))
    }
}

/// The density of the normal distribution, up to a factor: `e^(-x^2 / 2)` at multiples of
/// `h = 1 / 8192`, in units of 2^-60.
#[derive(Clone, Copy)]
struct Bell {
    density: u128,
    /// By which the density shrinks with the next step: `e^-(x h + h^2 / 2)`.
    ratio: u128,
}

const ONE: u128 = 1 << 60;

impl Bell {
    /// At zero. `e^-d = 1 - d + d^2 / 2` to within 2^-60, for `d = h^2 / 2 = 2^-27`.
    const TOP: Self = Self { density: ONE, ratio: ONE - (ONE >> 27) + (ONE >> 55) };

    const fn step(self) -> Self {
        // The same with `d = h^2 = 2^-26`.
        const SHRINKS: u128 = ONE - (ONE >> 26) + (ONE >> 53);
        Self { density: self.density * self.ratio / ONE, ratio: self.ratio * SHRINKS / ONE }
    }
}

/// Steps of the bell after which nothing is left of it: 8 standard deviations.
const BELL_STEPS: usize = 8 * SCALE as usize;

const fn normal() -> Table {
    let (mut bell, mut half, mut step) = (Bell::TOP, 0, 0);
    while step < BELL_STEPS {
        let next = bell.step();
        half += (bell.density + next.density) / 2;
        bell = next;
        step += 1;
    }
    let mut table = [0; QUANTILES];
    let (mut bell, mut area, mut step): (_, u128, i16) = (Bell::TOP, 0, 0);
    let mut place = QUANTILES / 2;
    while place < QUANTILES {
        // The middle of the share, as a part of the half above the mean.
        let wanted = half * (2 * place + 1 - QUANTILES) as u128 / QUANTILES as u128;
        while area < wanted {
            let next = bell.step();
            area += (bell.density + next.density) / 2;
            bell = next;
            step += 1;
        }
        table[place] = step;
        table[QUANTILES - 1 - place] = -step;
        place += 1;
    }
    table
}

const fn pareto() -> Table {
    let mut table = [0; QUANTILES];
    let mut place = 0;
    while place < QUANTILES {
        // The share of values above the middle of this one is `above / (2 * QUANTILES)`, and the
        // quantile is its cube root's inverse; in units of 2^-20.
        let above = 2 * (QUANTILES - place) as u128 - 1;
        let quantile = cube_root(((2 * QUANTILES as u128) << 60) / above);
        // (quantile - 1.5) * 4/3, as in pareto.c.
        let value = ((quantile as i64 * 4 * SCALE / 3) >> 20) - 2 * SCALE;
        table[place] = if value < i16::MAX as i64 { value as i16 } else { i16::MAX };
        place += 1;
    }
    table
}

const fn pareto_normal(normal: &Table, pareto: &Table) -> Table {
    let mut table = [0; QUANTILES];
    let mut place = 0;
    while place < QUANTILES {
        table[place] = ((normal[place] as i32 + 3 * pareto[place] as i32) / 4) as i16;
        place += 1;
    }
    table
}

/// The largest number whose cube is not larger.
const fn cube_root(cube: u128) -> u128 {
    let (mut root, mut bit) = (0_u128, 1_u128 << 41);
    while bit > 0 {
        let larger = root + bit;
        if larger * larger * larger <= cube {
            root = larger;
        }
        bit >>= 1;
    }
    root
}
