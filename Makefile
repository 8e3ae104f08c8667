# The commands of this project. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Where the development cluster lives.
DEV := $(or $(OSTRAKON_DEV_DIRECTORY),$(TARGET)/dev)
# Where test clusters, Python's and Node's packages for tests live.
export OSTRAKON_TEST_DIRECTORY := $(or $(OSTRAKON_TEST_DIRECTORY),$(TARGET)/test-clusters)

INSTANCES ?= 2
NODES ?= 1
MYSQLD ?=
CLEAN ?=
# The simulations' runs: how many, and the first one's number.
SEEDS ?= 10000
FROM ?= 1000
# Faults under load: nodes, and for the bank servers too, that are killed, stopped or replaced.
KILLS ?= 200
# For the bank and the lists: mysql, or mysql,mariadb for instances of both. For `make diff`, `make tpch` and `make matrix`: mysql.
SERVERS ?=
# Random scenarios: how many, the first seed, and of that seed only the one of this number.
COUNT ?= 10000
SEED ?= 1000
ONLY ?=
# Topics of hand-written cases: all, or those whose names hold this; `joins:120` for one case.
CASES ?=
# Rows that each driver takes as they come, and which clients: all, or those whose names hold this.
ROWS ?= 1000000
CLIENT ?=
# How many seconds TPC-C's terminals work, and 1 for warehouses of TPC-C's own size.
LASTING ?= 60
FULL ?= 0
# How large TPC-H's tables are: 1 has 6 million lines.
SCALE ?= 0.1
# Fuzzing: executions of each target, and the only target to run.
RUNS ?= 1000000
FUZZ ?=
# How many clients share a hundred backend connections.
CLIENTS ?= 10000
# More arguments for the test runner, for example: make test ARGS='-E "test(tls)"'; for `make bench`: ARGS=--list shows the workloads
ARGS ?=
# Most tests wait most of the time: for servers that start, for what is killed and comes back.
export NEXTEST_TEST_THREADS := $(or $(NEXTEST_TEST_THREADS),$(shell echo $$((2 * $$(nproc)))))

up_arguments = --directory '$(DEV)' --instances $(INSTANCES) --nodes $(NODES) $(if $(MYSQLD),--mysqld '$(MYSQLD)')

.PHONY: help up down status test test-mysql simulate simulate-commit chaos bank elle matrix dialect cases diff tpcc tpch check bench bench-short bench-sequence bench-commit fmt fuzz clients

help: ## Lists the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'
	@echo "  Variables: OSTRAKON_PORT=3307 INSTANCES=2 NODES=1 MYSQLD=/path/to/mysqld (up), CLEAN=1 (down), ARGS=... (test, test-mysql, bench), SEEDS=10000 FROM=1000 (simulate, simulate-commit), KILLS=200 (chaos, bank, elle), SERVERS=mysql,mariadb (bank, elle), COUNT=10000 SEED=1000 ONLY=n SERVERS=mysql (diff), ROWS=1000000 CLIENT=go SERVERS=mysql (matrix), SERVERS=mysql (dialect), CASES=joins:120 SERVERS=mysql (cases), LASTING=60 FULL=1 (tpcc), SCALE=0.1 (tpch), RUNS=10000000 FUZZ=packet (fuzz), CLIENTS=10000 (clients)"

up: ## Starts two database servers and NODES nodes on 127.0.0.1:3307, 3308 and so on, with sample data
	@tools/setup up
	@echo "Building the release binary (the first time takes minutes: RocksDB) ..."
	@cargo build --release --locked --bin ostrakon
	@'$(TARGET)/release/ostrakon' dev up $(up_arguments)

down: ## Stops what `make up` started; CLEAN=1 removes the data as well
	@if [ -x '$(TARGET)/release/ostrakon' ]; then \
	    '$(TARGET)/release/ostrakon' dev down --directory '$(DEV)' $(if $(CLEAN),--clean); \
	else echo "Nothing was started here: $(TARGET)/release/ostrakon is not built."; fi

status: ## Says what runs
	@'$(TARGET)/release/ostrakon' dev status --directory '$(DEV)'

test: ## Runs all tests, with real database servers and clients
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@cargo nextest run --locked --workspace $$(tools/without-mysql) $(ARGS)
	@$(if $(ARGS),,tools/on-mysql some)

test-mysql: ## Runs the integration tests with MySQL servers, but for those that are listed with a reason
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@tools/on-mysql all $(ARGS)

fuzz: ## Gives RUNS arbitrary inputs to each decoder, or to that of the target FUZZ alone
	@tools/fuzz $(RUNS) $(FUZZ)

simulate: ## Plays the Raft catalog on a simulated network, from SEEDS seeds beginning with FROM
	@OSTRAKON_SIMULATION_SEEDS=$(SEEDS) OSTRAKON_SIMULATION_FROM=$(FROM) \
	    cargo test --release --locked -p ostrakon-meta --test simulation -- --nocapture replicas_agree

simulate-commit: ## Plays commits across groups on model servers that fail, from SEEDS seeds beginning with FROM
	@OSTRAKON_COMMIT_SEEDS=$(SEEDS) OSTRAKON_COMMIT_FROM=$(FROM) \
	    cargo test --release --locked -p ostrakon --test commit_machine -- --nocapture wholly

chaos: ## Kills nodes of a cluster under load, and servers, KILLS times, and looks whether all that was acknowledged is there
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_KILLS=$(KILLS) cargo nextest run --locked --workspace --profile chaos -E 'test(/^(chaos|mixed)/)'

bank: ## Moves money between the groups of a cluster whose nodes and servers die, KILLS times, and looks whether all of it is there
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_KILLS=$(KILLS) OSTRAKON_SERVERS=$(SERVERS) cargo nextest run --locked --workspace --profile chaos -E 'test(/^bank::bank_over/)'

elle: ## Reads and appends to lists of all groups while nodes and servers die, KILLS times, and looks for anomalies in what clients saw
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_KILLS=$(KILLS) OSTRAKON_SERVERS=$(SERVERS) cargo nextest run --locked --workspace --profile chaos -E 'test(/^elle::elle_over/)'

matrix: ## Drivers and mappers of all languages against a node, with ROWS rows as they come; CLIENT=go for those whose names hold this
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_MATRIX_ROWS=$(ROWS) OSTRAKON_MATRIX_BYTES=12000000 OSTRAKON_SERVERS=$(SERVERS) CLIENT=$(CLIENT) \
	    cargo nextest run --locked --workspace --profile chaos -E 'test(/^clients::/) - test(/^clients::dialect/)'

dialect: ## SQLAlchemy's dialect suite on one server and on a cluster: the same tests pass, but for those listed with a reason
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_DIALECT=all OSTRAKON_SERVERS=$(SERVERS) cargo nextest run --locked --workspace --profile chaos -E 'test(/^clients::dialect/)'

cases: ## Runs every hand-written case by text and prepared, writes in a transaction and by themselves
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_ALL_WAYS=1 OSTRAKON_SERVERS=$(SERVERS) CASES=$(CASES) cargo nextest run --locked --workspace --profile chaos -E 'test(/^shop::every/)'

diff: ## Plays COUNT random statements from seed SEED on a cluster and on one server, and compares all that a client sees
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_DIFF_COUNT=$(COUNT) OSTRAKON_DIFF_SEED=$(SEED) $(if $(ONLY),OSTRAKON_DIFF_ONLY=$(ONLY)) OSTRAKON_SERVERS=$(SERVERS) \
	    cargo nextest run --locked --workspace --profile chaos -E 'test(/^generated::generated_statements/)'

tpcc: ## Runs TPC-C over shards for LASTING seconds and checks its consistency conditions
	@tools/setup test
	@cargo build --locked --workspace --tests
	@cargo build --locked --release --bin ostrakon
	@OSTRAKON_BINARY='$(TARGET)/release/ostrakon' OSTRAKON_TPCC_SECONDS=$(LASTING) OSTRAKON_TPCC_FULL=$(FULL) \
	    cargo nextest run --locked --workspace --profile chaos -E 'test(/^tpcc::tpcc_over/)'

tpch: ## TPC-H's 22 queries at scale SCALE on shards and on one server: the same answers, and both times
	@tools/setup test
	@cargo build --locked --workspace --tests
	@cargo build --locked --release --bin ostrakon
	@OSTRAKON_BINARY='$(TARGET)/release/ostrakon' OSTRAKON_TPCH_SCALE=$(SCALE) OSTRAKON_SERVERS=$(SERVERS) \
	    cargo nextest run --locked --workspace --profile chaos -E 'test(/^tpch::tpch_is/)'

check: ## Formatting, lints, the order of the crates, licences and advisories
	@tools/setup check
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked -q -p ostrakon-tests --test house
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --locked check; \
	else echo "cargo-deny is not installed (cargo install --locked cargo-deny): licences and advisories were not checked."; fi

bench: ## What a hop through a node costs, beside the floor and HAProxy: all workloads, about an hour; ARGS="--only point --json FILE"
	@tools/setup bench
	@cargo build --release --locked --bin ostrakon --bin ostrakon-bench --bin ostrakon-floor
	@'$(TARGET)/release/ostrakon-bench' $(ARGS)

bench-short: ## The same with few workloads, 3 rounds of 2 seconds
	@tools/setup bench
	@cargo build --release --locked --bin ostrakon --bin ostrakon-bench --bin ostrakon-floor
	@'$(TARGET)/release/ostrakon-bench' --short $(ARGS)

bench-sequence: ## How many values a second a GROUP sequence gives, and whether any came twice
	@tools/setup test
	@cargo build --release --locked --bin ostrakon
	@NODES=$(NODES) tools/bench-sequence '$(TARGET)/release/ostrakon' '$(TARGET)/bench-sequence'

bench-commit: ## What each way to commit costs: statements for the servers, processor time of the node
	@tools/setup test
	@cargo build --release --locked --workspace --bins --examples
	@'$(TARGET)/release/examples/commit_paths'

clients: ## CLIENTS clients with settings of their own share a hundred backend connections, and see nobody else's
	@tools/setup test
	@cargo build --locked --workspace --bins --tests
	@OSTRAKON_CLIENTS=$(CLIENTS) cargo nextest run --locked --workspace --profile chaos -E 'test(/^many_clients/)'

fmt: ## Formats the code
	cargo fmt --all
