//! Medians and spreads of rounds, and percentiles of a histogram.

/// Median, least and greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// `None` for no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let half = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            (sorted[half - 1] + sorted[half]) / 2.0
        } else {
            sorted[half]
        };
        Some(Self { median, least, most })
    }
}

/// Latencies as buckets: the value in milliseconds and how many events had it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram(Vec<(f64, u64)>);

impl Histogram {
    /// One more bucket.
    pub fn add(&mut self, milliseconds: f64, count: u64) {
        self.0.push((milliseconds, count));
    }

    /// The buckets of another run too.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The least value that `share` of all events (0 to 1) do not exceed; `None` when there are none.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = sorted.iter().map(|(_, count)| count).sum();
        let wanted = (total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        sorted.into_iter().find_map(|(value, count)| {
            seen += count;
            (seen >= wanted).then_some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle_of_what_is_sorted() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 10.0]).map(|spread| spread.median), Some(3.0));
    }

    #[test]
    fn percentiles_count_events_and_not_buckets() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(0.5), None);
        histogram.add(2.0, 9);
        histogram.add(1.0, 90);
        let mut slow = Histogram::default();
        slow.add(50.0, 1);
        histogram.merge(&slow);
        let all = [0.5, 0.9, 0.901, 0.99, 0.991].map(|share| histogram.percentile(share));
        assert_eq!(all, [Some(1.0), Some(1.0), Some(2.0), Some(2.0), Some(50.0)]);
    }
}
