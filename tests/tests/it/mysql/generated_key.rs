//! Tables sharded by generated columns on MySQL: the same writes lie where they belong.

use super::pair;
use crate::generated_key::writes;

#[tokio::test]
async fn rows_lie_where_their_generated_shard_key_says() {
    writes(pair().await, 3105).await;
}
