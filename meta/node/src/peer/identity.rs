//! Who asks whom, in which group: headers of every request, checked before anything else.

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// Grows when nodes of two versions can no longer speak to each other.
const PROTOCOL: u64 = 1;

const PROTOCOL_HEADER: &str = "ostrakon-protocol";
const CLUSTER: &str = "ostrakon-cluster";
const FROM: &str = "ostrakon-from";
const TO: &str = "ostrakon-to";
const ADDRESS: &str = "ostrakon-address";

/// This code, and no other place uses it, says: you were removed.
pub(super) const REMOVED: Code = Code::PermissionDenied;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// 0: not known yet, by a node that joins.
    pub cluster: u64,
    pub from: u64,
    /// 0: whoever answers there, by a node that joins.
    pub to: u64,
    /// Where `from` is reached.
    pub address: String,
}

impl Identity {
    /// # Errors
    /// An address that cannot be in a header.
    pub fn write(&self, headers: &mut MetadataMap) -> Result<(), Status> {
        let unusable = |_| Status::invalid_argument(format!("'{}' is no address", self.address));
        headers.insert(PROTOCOL_HEADER, PROTOCOL.into());
        headers.insert(CLUSTER, self.cluster.into());
        headers.insert(FROM, self.from.into());
        headers.insert(TO, self.to.into());
        headers.insert(ADDRESS, self.address.parse().map_err(unusable)?);
        Ok(())
    }

    /// # Errors
    /// When it is not one of our nodes, or of another protocol.
    pub fn read(headers: &MetadataMap) -> Result<Self, Status> {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or_else(|| {
                Status::invalid_argument(format!("'{name}' is missing: this is no node of ours"))
            })
        };
        let number = |name: &str| {
            text(name)?.parse::<u64>().map_err(|_| Status::invalid_argument(format!("'{name}' is no number")))
        };
        let protocol = number(PROTOCOL_HEADER)?;
        if protocol != PROTOCOL {
            return Err(Status::failed_precondition(format!(
                "node {} speaks version {protocol} of the nodes' protocol, this one speaks {PROTOCOL}",
                number(FROM)?
            )));
        }
        let address = text(ADDRESS)?.to_owned();
        Ok(Self { cluster: number(CLUSTER)?, from: number(FROM)?, to: number(TO)?, address })
    }
}
