//! Names of transactions and of their branches, as instances know them.
//!
//! A *transaction id* (the gtrid of XA) is `o1.<instance>.<node>.<process start>.<counter>`: the instance whose decision table has the last
//! word, the process that coordinates, and a number that it gives once. A *branch qualifier* is `<ordinal>.<connection>.<deciding connection>`: which
//! branch, the backend connection that it was opened on, which has to go before another one may finish it (MariaDB answers XAER_NOTA until then), and
//! that of the deciding branch, which holds the decision's key for as long as its server believes in it.
//! Lower-case ASCII, within XA's 64 bytes each.

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use ostrakon_catalog::job::Owner;
use ostrakon_catalog::schema::InstanceId;

use super::literal;

/// XA's format id of our branches, which tells them from others' in XA RECOVER: "DRDS" in ASCII.
pub const FORMAT_ID: u32 = 0x4452_4453;

/// Names a transaction over several groups, in the whole cluster and for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    /// The instance that decides.
    pub instance: InstanceId,
    /// The process that coordinates.
    pub owner: Owner,
    pub counter: u64,
}

impl TransactionId {
    /// For statements.
    pub fn literal(self) -> String {
        literal::bytes(self.to_string().as_bytes())
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, owner: Owner { node, start }, counter } = self;
        write!(f, "o1.{instance}.{node}.{start:x}.{counter:x}")
    }
}

/// A text that is no transaction id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a transaction")]
pub struct NotAnId;

impl FromStr for TransactionId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut parts = text.strip_prefix("o1.").ok_or(NotAnId)?.split('.');
        let mut next = || parts.next().ok_or(NotAnId);
        let (instance, node, start, counter) = (next()?, next()?, next()?, next()?);
        let hex = |text: &str| u64::from_str_radix(text, 16).map_err(|_| NotAnId);
        let id = Self {
            instance: instance.parse().map_err(|_| NotAnId)?,
            owner: Owner { node: node.parse().map_err(|_| NotAnId)?, start: hex(start)? },
            counter: hex(counter)?,
        };
        // One text for each id: what is compared as bytes on a server must not have two forms.
        (id.to_string() == text).then_some(id).ok_or(NotAnId)
    }
}

/// A branch of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid {
    pub transaction: TransactionId,
    /// In the order in which the transaction touched its groups; the deciding branch, which is no XA branch, is 0.
    pub ordinal: u16,
    /// The server's number of the connection that opened it.
    pub connection: u32,
    /// The deciding branch's connection, by the deciding instance's numbers.
    pub deciding: u32,
}

impl fmt::Display for Xid {
    /// For people, who may put it into an XA statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transaction, ordinal, connection, deciding } = self;
        write!(f, "'{transaction}','{ordinal}.{connection}.{deciding}',{FORMAT_ID}")
    }
}

/// A branch with its literal, which several statements of its session have.
#[derive(Clone, Debug)]
pub struct Named {
    pub xid: Xid,
    /// For XA statements.
    pub literal: Rc<str>,
}

impl Named {
    pub fn new(xid: Xid) -> Self {
        Self { xid, literal: xid.literal().into() }
    }

    /// The transaction's literal.
    pub fn gtrid(&self) -> &str {
        self.literal.split_once(',').map_or("", |(gtrid, _)| gtrid)
    }
}

impl Xid {
    /// For XA statements.
    pub fn literal(&self) -> String {
        let qualifier = literal::bytes(self.qualifier().as_bytes());
        format!("{},{qualifier},{FORMAT_ID}", self.transaction.literal())
    }

    /// A row of XA RECOVER: `None` when the branch is not ours.
    pub fn recovered(format_id: u64, gtrid_length: usize, data: &[u8]) -> Option<Self> {
        if format_id != u64::from(FORMAT_ID) {
            return None;
        }
        let data = std::str::from_utf8(data).ok()?;
        let (gtrid, qualifier) = (data.get(..gtrid_length)?, data.get(gtrid_length..)?);
        let (ordinal, connections) = qualifier.split_once('.')?;
        let (connection, deciding) = connections.split_once('.')?;
        let xid = Self {
            transaction: gtrid.parse().ok()?,
            ordinal: ordinal.parse().ok()?,
            connection: connection.parse().ok()?,
            deciding: deciding.parse().ok()?,
        };
        // As with ids: another form of the same numbers is another branch to the server.
        (xid.qualifier() == qualifier).then_some(xid)
    }

    fn qualifier(&self) -> String {
        format!("{}.{}.{}", self.ordinal, self.connection, self.deciding)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_read_back_and_the_longest_fits() {
        let owner = Owner { node: u64::MAX, start: u64::MAX };
        let transaction = TransactionId { instance: u32::MAX, owner, counter: 0xffff_ffff };
        let text = transaction.to_string();
        assert!(text.len() <= 64, "{text}");
        assert_eq!(text.parse(), Ok(transaction));
        let xid = Xid { transaction, ordinal: 7, connection: u32::MAX, deciding: 5 };
        let data = format!("{text}7.{}.5", u32::MAX);
        assert_eq!(Xid::recovered(u64::from(FORMAT_ID), text.len(), data.as_bytes()), Some(xid));
        assert_eq!(xid.to_string(), format!("'{text}','7.4294967295.5',1146242131"));
        let transaction = TransactionId { instance: 1, owner: Owner { node: 2, start: 10 }, counter: 11 };
        assert_eq!(transaction.literal(), "0x6f312e312e322e612e62");
        let xid = Xid { transaction, ordinal: 1, connection: 2, deciding: 3 };
        assert_eq!(xid.literal(), "0x6f312e312e322e612e62,0x312e322e33,1146242131");
        assert_eq!(Named::new(xid).gtrid(), transaction.literal());
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        for text in
            ["", "o1", "o1.1.1.0", "o1.1.1.0.0.0", "o1.01.1.0.0", "o1.1.1.0A.0", "o2.1.1.0.0", "o1.+1.1.0.0"]
        {
            assert_eq!(text.parse::<TransactionId>(), Err(NotAnId), "{text}");
        }
        assert_eq!(Xid::recovered(1, 10, b"o1.1.1.0.00.5.6"), None);
        let format = u64::from(FORMAT_ID);
        assert_eq!(Xid::recovered(format, 10, "o1.1.1.0.é0.5.6".as_bytes()), None);
        assert_eq!(Xid::recovered(format, 99, b"o1.1.1.0.00.5.6"), None);
        assert_eq!(Xid::recovered(format, 10, b"o1.1.1.0.0"), None);
        for qualifier in ["+0.5.6", "0.05.6", "0.5.6.7", "0.5", "00.5.6"] {
            let data = format!("o1.1.1.0.0{qualifier}");
            assert_eq!(Xid::recovered(format, 10, data.as_bytes()), None, "{qualifier}");
        }
    }

    proptest! {
        #[test]
        fn branches_are_read_back(
            numbers: (u32, u64, u64, u64),
            ordinal: u16,
            connections: (u32, u32),
        ) {
            let (instance, node, start, counter) = numbers;
            let transaction = TransactionId { instance, owner: Owner { node, start }, counter };
            let (connection, deciding) = connections;
            let xid = Xid { transaction, ordinal, connection, deciding };
            let gtrid = transaction.to_string();
            let data = format!("{gtrid}{}", xid.qualifier());
            prop_assert_eq!(Xid::recovered(u64::from(FORMAT_ID), gtrid.len(), data.as_bytes()), Some(xid));
        }

        #[test]
        fn what_is_read_is_what_the_server_holds(
            length in 0usize..70,
            data in proptest::collection::vec(any::<u8>(), 0..70),
            text in "o1\\.[0-9]{1,2}\\.[0-9]\\.[0-9a-f]{1,3}\\.[0-9a-f]{1,3}[0-9+.]{0,8}",
        ) {
            for data in [&data[..], text.as_bytes()] {
                if let Some(xid) = Xid::recovered(u64::from(FORMAT_ID), length.min(data.len()), data) {
                    let held = format!("{}{}", xid.transaction, xid.qualifier());
                    prop_assert_eq!(held.as_bytes(), data);
                }
            }
        }
    }
}
