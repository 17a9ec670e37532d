//! Numbers that are short on the wire.

use serde::{Serialize, Serializer};

/// A number with at most `DECIMALS` decimals, written as an integer when it is one.
///
/// A whole number takes one to three bytes; as a float it would take five in MessagePack and
/// carry a useless `.0` in JSON. Values are finite and not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rounded<const DECIMALS: u32>(f32);

/// Percent, to a tenth.
pub type Percent = Rounded<1>;

/// A load average, to a hundredth as the kernel gives it.
pub type Load = Rounded<2>;

impl<const DECIMALS: u32> Rounded<DECIMALS> {
    /// Rounds; what is no number or negative becomes 0.
    pub fn new(value: f64) -> Self {
        let scale = f64::from(10_u32.pow(DECIMALS));
        let rounded = (value * scale).round() / scale;
        Self(if rounded.is_finite() { (rounded.max(0.0) + 0.0) as f32 } else { 0.0 })
    }

    /// The value.
    pub fn value(self) -> f32 {
        self.0
    }
}

impl<const DECIMALS: u32> Serialize for Rounded<DECIMALS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 { serializer.serialize_u64(self.0 as u64) } else { serializer.serialize_f32(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_decimals_and_others_no_more_than_they_need() {
        let json = |value| serde_json::to_string(&value).unwrap();
        let percents = [0.0, 0.04, 3.5, 1.0, 99.96, 12.34, 100.0].map(|value| json(Percent::new(value)));
        assert_eq!(percents, ["0", "0", "3.5", "1", "100", "12.3", "100"]);
    }

    #[test]
    fn loads_have_two_decimals() {
        let json = |value| serde_json::to_string(&Load::new(value)).unwrap();
        assert_eq!([0.07, 12.0, 123.456].map(json), ["0.07", "12", "123.46"]);
    }

    #[test]
    fn what_is_no_number_is_zero() {
        for value in [f64::NAN, f64::INFINITY, -3.0, -0.0] {
            assert_eq!(Percent::new(value).value(), 0.0);
            assert!(Percent::new(value).value().is_sign_positive());
        }
    }
}
