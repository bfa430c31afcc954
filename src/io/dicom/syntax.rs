//! Transfer syntaxes: how the elements of a file are written, and how its pixels are.

use crate::io::fault::{Fault, UNSUPPORTED_TRANSFER_SYNTAX};
use dicom_encoding::transfer_syntax::{TransferSyntax, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// Implicit VR little endian, DICOM's default.
pub const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// Explicit VR little endian; elements of every compressed syntax are written this way.
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";

/// How pixels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// One after the other, uncompressed.
    Plain,
    /// Runs of bytes, one plane of bytes after the other (PS3.5 G).
    Rle,
    /// JPEG: baseline, extended of 8 bits, lossless.
    Jpeg,
    /// JPEG 2000.
    Jpeg2000,
    /// JPEG-LS.
    JpegLs,
    /// Each frame a deflate stream of its own.
    Deflate,
    /// In a way that is not read.
    Unread,
}

/// One transfer syntax.
#[derive(Debug)]
pub struct Syntax {
    uid: &'static str,
    /// Its name, for refusals.
    pub name: &'static str,
    /// The syntax in which the elements are written.
    elements: &'static str,
    /// Whether everything after the meta group is one deflate stream.
    pub deflated: bool,
    /// How its pixels are written.
    pub coding: Coding,
}

const fn elements(uid: &'static str, name: &'static str) -> Syntax {
    Syntax { uid, name, elements: uid, deflated: false, coding: Coding::Plain }
}

const fn compressed(uid: &'static str, name: &'static str, coding: Coding) -> Syntax {
    Syntax { uid, name, elements: EXPLICIT_LE, deflated: false, coding }
}

/// The syntaxes of PS3.6 table A-1 that images come in.
static SYNTAXES: &[Syntax] = &[
    elements(IMPLICIT_LE, "Implicit VR Little Endian"),
    elements(EXPLICIT_LE, "Explicit VR Little Endian"),
    elements(EXPLICIT_BE, "Explicit VR Big Endian"),
    Syntax {
        uid: "1.2.840.10008.1.2.1.99",
        name: "Deflated Explicit VR Little Endian",
        elements: EXPLICIT_LE,
        deflated: true,
        coding: Coding::Plain,
    },
    compressed("1.2.840.10008.1.2.5", "RLE Lossless", Coding::Rle),
    compressed("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", Coding::Deflate),
    compressed("1.2.840.10008.1.2.4.50", "JPEG Baseline", Coding::Jpeg),
    compressed("1.2.840.10008.1.2.4.51", "JPEG Extended", Coding::Jpeg),
    compressed("1.2.840.10008.1.2.4.57", "JPEG Lossless", Coding::Jpeg),
    compressed("1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction", Coding::Jpeg),
    compressed("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", Coding::JpegLs),
    compressed("1.2.840.10008.1.2.4.81", "JPEG-LS Near-lossless", Coding::JpegLs),
    compressed("1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", Coding::Jpeg2000),
    compressed("1.2.840.10008.1.2.4.91", "JPEG 2000", Coding::Jpeg2000),
    compressed("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.112", "JPEG XL", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Lossless", Coding::Unread),
    compressed("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", Coding::Unread),
];

impl Syntax {
    /// The syntax of a UID.
    ///
    /// # Errors
    /// One that no image comes in.
    pub fn of(uid: &str) -> Result<&'static Self, Fault> {
        let known = SYNTAXES.iter().find(|s| s.uid == uid);
        known.ok_or_else(|| Fault::of(UNSUPPORTED_TRANSFER_SYNTAX, "an unknown transfer syntax"))
    }

    /// How the elements are decoded.
    pub fn elements(&self) -> &'static TransferSyntax {
        TransferSyntaxRegistry.get(self.elements).expect("the three plain syntaxes are always registered")
    }

    /// Whether numbers are stored with their highest byte first.
    pub fn is_big_endian(&self) -> bool {
        self.elements == EXPLICIT_BE
    }

    /// What a file that is written in this way is refused with.
    pub fn unsupported(&self) -> Fault {
        Fault::of(UNSUPPORTED_TRANSFER_SYNTAX, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_has_its_elements_and_only_one_is_big_endian() {
        assert!(SYNTAXES.iter().all(|s| !s.elements().name().is_empty()));
        assert_eq!(SYNTAXES.iter().filter(|s| s.is_big_endian()).count(), 1);
        assert_eq!(Syntax::of("1.2.3").unwrap_err().kind.code, "unsupported_transfer_syntax");
    }
}
