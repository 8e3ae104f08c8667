-- The shop: what the hand-written cases run on. README.md says what the form is.

-- Broadcast: small, read with everything.
CREATE TABLE countries (
    code CHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL PRIMARY KEY,
    name VARCHAR(60) COLLATE utf8mb4_unicode_ci NOT NULL,
    continent ENUM('Africa','America','Asia','Europe','Oceania') NOT NULL,
    population BIGINT UNSIGNED NULL,
    area DOUBLE NULL,
    eu BIT(1) NOT NULL DEFAULT b'0'
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD BROADCAST SHARD*/;

CREATE TABLE categories (
    id INT NOT NULL PRIMARY KEY,
    parent_id INT NULL,
    name VARCHAR(40) NOT NULL,
    position SMALLINT NOT NULL DEFAULT 0,
    KEY by_parent (parent_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD BROADCAST SHARD*/;

-- By customer: customers, addresses, orders, shipments and totals lie together.
CREATE TABLE customers (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(80) COLLATE utf8mb4_general_ci NULL,
    name VARCHAR(60) COLLATE utf8mb4_unicode_ci NOT NULL,
    nick VARCHAR(30) COLLATE utf8mb4_bin NULL,
    country CHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    born DATE NULL,
    joined DATETIME(3) NOT NULL,
    balance DECIMAL(12,2) NULL,
    points INT NOT NULL DEFAULT 0,
    level ENUM('bronze','silver','gold','platinum') NOT NULL DEFAULT 'bronze',
    flags SET('newsletter','blocked','vip','staff') NOT NULL DEFAULT '',
    referrer_id BIGINT NULL,
    note TEXT NULL,
    KEY by_country (country)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

CREATE TABLE addresses (
    customer_id BIGINT NOT NULL,
    num TINYINT UNSIGNED NOT NULL,
    kind ENUM('home','work','other') NOT NULL DEFAULT 'home',
    street VARCHAR(60) NOT NULL,
    city VARCHAR(40) COLLATE utf8mb4_unicode_ci NOT NULL,
    zip CHAR(8) COLLATE utf8mb4_bin NULL,
    country CHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL DEFAULT 'GR',
    PRIMARY KEY (customer_id, num)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(customer_id) SHARD*/;

CREATE TABLE orders (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    status ENUM('new','paid','shipped','done','cancelled') NOT NULL DEFAULT 'new',
    placed DATETIME NOT NULL,
    shipped DATE NULL,
    total DECIMAL(12,2) NOT NULL,
    discount DECIMAL(5,2) NULL,
    channel VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    coupon VARCHAR(20) COLLATE utf8mb4_unicode_ci NULL,
    note VARCHAR(100) NULL,
    KEY by_customer (customer_id, placed)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(customer_id) SHARD*/;

CREATE TABLE shipments (
    customer_id BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    num SMALLINT NOT NULL,
    carrier VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL,
    warehouse_id SMALLINT NOT NULL,
    weight DOUBLE NULL,
    sent DATETIME NULL,
    delivered DATE NULL,
    track VARBINARY(16) NULL,
    PRIMARY KEY (customer_id, order_id, num)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(customer_id) SHARD*/;

CREATE TABLE totals (
    customer_id BIGINT NOT NULL PRIMARY KEY,
    orders INT NOT NULL DEFAULT 0,
    amount DECIMAL(14,2) NOT NULL DEFAULT 0.00,
    last_order DATETIME NULL,
    remark VARCHAR(40) NOT NULL DEFAULT 'none'
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(customer_id) SHARD*/;

-- By order: order_items and order_returns lie together, and not with orders.
CREATE TABLE order_items (
    order_id BIGINT NOT NULL,
    line SMALLINT NOT NULL,
    product_id INT NOT NULL,
    quantity INT NOT NULL DEFAULT 1,
    price DECIMAL(10,2) NOT NULL,
    gift BOOLEAN NULL,
    PRIMARY KEY (order_id, line),
    KEY by_product (product_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(order_id) SHARD*/;

CREATE TABLE order_returns (
    order_id BIGINT NOT NULL,
    line SMALLINT NOT NULL,
    quantity INT NOT NULL,
    returned DATE NOT NULL,
    reason VARCHAR(30) NULL,
    PRIMARY KEY (order_id, line)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(order_id) SHARD*/;

-- Another function of the order's number, so not with order_items, and two tables in each group.
CREATE TABLE payments (
    order_id BIGINT NOT NULL,
    num TINYINT NOT NULL,
    method VARCHAR(12) COLLATE utf8mb4_bin NOT NULL,
    amount DECIMAL(14,4) NOT NULL,
    rate DOUBLE NULL,
    paid_at DATETIME NOT NULL,
    PRIMARY KEY (order_id, num)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY UNI_HASH(order_id) TBPARTITION BY UNI_HASH(order_id) TBPARTITIONS 2 SHARD*/;

-- By product: products and product_tags lie together; prices are spread by month as well.
CREATE TABLE products (
    id INT NOT NULL PRIMARY KEY,
    sku VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL,
    name VARCHAR(80) NOT NULL,
    category_id INT NULL,
    supplier_id INT NULL,
    price DECIMAL(10,2) NOT NULL,
    cost DECIMAL(10,4) NULL,
    weight FLOAT NULL,
    added DATE NOT NULL,
    active BOOLEAN NOT NULL DEFAULT 1,
    attributes JSON NULL,
    thumb BLOB NULL,
    model YEAR NULL,
    KEY by_category (category_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

CREATE TABLE product_tags (
    product_id INT NOT NULL,
    tag_id SMALLINT UNSIGNED NOT NULL,
    PRIMARY KEY (product_id, tag_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(product_id) SHARD*/;

CREATE TABLE tags (
    id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    label VARCHAR(30) COLLATE utf8mb4_bin NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

CREATE TABLE prices (
    product_id INT NOT NULL,
    valid_from DATE NOT NULL,
    price DECIMAL(10,2) NOT NULL,
    PRIMARY KEY (product_id, valid_from)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(product_id) TBPARTITION BY MM(valid_from) TBPARTITIONS 3 SHARD*/;

-- Two columns choose the group and the table in it.
CREATE TABLE stock (
    warehouse_id SMALLINT NOT NULL,
    product_id INT NOT NULL,
    quantity INT NOT NULL DEFAULT 0,
    reserved INT UNSIGNED NOT NULL DEFAULT 0,
    bin CHAR(5) NULL,
    counted TIMESTAMP NULL DEFAULT NULL,
    PRIMARY KEY (warehouse_id, product_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(warehouse_id) TBPARTITION BY HASH(product_id) TBPARTITIONS 2 SHARD*/;

-- Single tables.
CREATE TABLE warehouses (
    id SMALLINT NOT NULL PRIMARY KEY,
    name VARCHAR(30) NOT NULL,
    country CHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    capacity MEDIUMINT UNSIGNED NOT NULL,
    opens TIME NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD SINGLE SHARD*/;

CREATE TABLE suppliers (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) COLLATE utf8mb4_unicode_ci NOT NULL,
    country CHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    rating FLOAT NULL,
    since YEAR NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD SINGLE SHARD*/;

CREATE TABLE settings (
    name VARCHAR(30) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    value TEXT NULL,
    changed TIMESTAMP NULL DEFAULT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD SINGLE SHARD*/;

-- String shard keys: what the collation calls equal lies together.
CREATE TABLE reviews (
    author VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL,
    product_id INT NOT NULL,
    rating TINYINT NOT NULL,
    title VARCHAR(60) COLLATE utf8mb4_unicode_ci NULL,
    body TEXT NULL,
    written DATETIME NOT NULL,
    helpful MEDIUMINT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (author, product_id),
    CONSTRAINT rating_range CHECK (rating BETWEEN 1 AND 5)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(author) SHARD*/;

CREATE TABLE coupons (
    code VARCHAR(20) COLLATE utf8mb4_unicode_ci NOT NULL PRIMARY KEY,
    percent TINYINT UNSIGNED NULL,
    minimum DECIMAL(8,2) NOT NULL DEFAULT 0.00,
    starts DATE NOT NULL,
    ends DATE NULL,
    used SMALLINT NOT NULL DEFAULT 0
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY STR_HASH(code) SHARD*/;

-- By dates.
CREATE TABLE events (
    id BIGINT NOT NULL,
    at DATETIME NOT NULL,
    customer_id BIGINT NULL,
    kind VARCHAR(12) NOT NULL,
    took TIME NULL,
    payload JSON NULL,
    ip VARBINARY(16) NULL,
    PRIMARY KEY (id, at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY YYYYMM(at) SHARD*/;

CREATE TABLE daily (
    day DATE NOT NULL,
    kind VARCHAR(12) NOT NULL,
    n INT NOT NULL DEFAULT 0,
    PRIMARY KEY (day, kind)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY YYYYDD(day) SHARD*/;

-- A tree, sharded by its nodes.
CREATE TABLE employees (
    id INT NOT NULL PRIMARY KEY,
    manager_id INT NULL,
    name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
    department VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    warehouse_id SMALLINT NULL,
    salary DECIMAL(9,2) NULL,
    bonus DOUBLE NULL,
    hired DATE NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

-- A column of each type.
CREATE TABLE samples (
    id INT NOT NULL PRIMARY KEY,
    t TINYINT NULL,
    tu TINYINT UNSIGNED NULL,
    s SMALLINT NULL,
    m MEDIUMINT NULL,
    iu INT UNSIGNED NULL,
    b BIGINT NULL,
    bu BIGINT UNSIGNED NULL,
    dc DECIMAL(30,10) NULL,
    f FLOAT NULL,
    d DOUBLE NULL,
    c CHAR(10) COLLATE utf8mb4_general_ci NULL,
    vb VARCHAR(20) COLLATE utf8mb4_bin NULL,
    vu VARCHAR(20) COLLATE utf8mb4_unicode_ci NULL,
    vl VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    tx TEXT COLLATE utf8mb4_general_ci NULL,
    bl BLOB NULL,
    bi VARBINARY(20) NULL,
    da DATE NULL,
    dt DATETIME(3) NULL,
    ts TIMESTAMP NULL DEFAULT NULL,
    tm TIME NULL,
    y YEAR NULL,
    e ENUM('small','medium','large','x-large') NULL,
    st SET('red','green','blue','black') NULL,
    bt BIT(12) NULL,
    j JSON NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY RIGHT_SHIFT(id, 1) SHARD*/;

-- Defaults and generated columns.
CREATE TABLE quotes (
    id INT NOT NULL PRIMARY KEY,
    customer_id BIGINT NULL,
    net DECIMAL(10,2) NOT NULL,
    vat DECIMAL(5,2) NOT NULL DEFAULT 24.00,
    gross DECIMAL(12,2) AS (net + net * vat / 100) STORED,
    label VARCHAR(60) AS (CONCAT('Q', id, '/', title)) VIRTUAL,
    title VARCHAR(40) NOT NULL DEFAULT 'untitled',
    valid_until DATE NOT NULL DEFAULT '2025-12-31',
    copies INT NULL DEFAULT 1
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

-- Empty at first: what INSERT ... SELECT fills.
CREATE TABLE archive (
    order_id BIGINT NOT NULL PRIMARY KEY,
    customer_id BIGINT NULL,
    placed DATETIME NULL,
    total DECIMAL(14,2) NULL,
    what VARCHAR(200) NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(order_id) TBPARTITION BY HASH(order_id) TBPARTITIONS 2 SHARD*/;

CREATE TABLE inbox (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    who BIGINT NULL,
    subject VARCHAR(100) NOT NULL DEFAULT '(none)',
    n INT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

-- Values that a copy on its way can spoil, and names that a rewriter can.
CREATE TABLE oddities (
    id INT NOT NULL PRIMARY KEY,
    v VARCHAR(40) COLLATE utf8mb4_bin NULL,
    latin VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin NULL,
    tx MEDIUMTEXT COLLATE utf8mb4_unicode_ci NULL,
    bl LONGBLOB NULL,
    bi BINARY(4) NULL,
    f FLOAT NULL,
    d DOUBLE NULL,
    dc DECIMAL(50,25) NULL,
    dt6 DATETIME(6) NULL,
    ts6 TIMESTAMP(6) NULL DEFAULT NULL,
    tm6 TIME(6) NULL,
    bt64 BIT(64) NULL,
    bt1 BIT(1) NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(id) SHARD*/;

CREATE TABLE oddnames (
    id INT NOT NULL,
    `order` INT NOT NULL,
    `group by` VARCHAR(10) NULL,
    `select` INT NULL,
    `naïve` INT NULL,
    `x.y` INT NULL,
    `Mixed` INT NULL,
    `a``b` INT NULL,
    `it's` INT NULL,
    `count` INT NULL,
    `1st` INT NULL,
    PRIMARY KEY (id, `order`),
    KEY `by group` (`group by`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(`order`) SHARD*/;

-- By generated columns: what they read is a text, a moment and a number.
CREATE TABLE readings (
    id INT NOT NULL PRIMARY KEY,
    sensor VARCHAR(20) NOT NULL DEFAULT 'Sol-0',
    taken DATETIME NULL DEFAULT '2024-02-29 12:00:00',
    amount DECIMAL(8,2) NULL DEFAULT 1.50,
    note VARCHAR(40) NULL,
    place VARCHAR(8) AS (UPPER(LEFT(sensor, 3))) STORED,
    day DATE AS (CAST(taken AS DATE)) VIRTUAL,
    KEY by_day (day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(place) TBPARTITION BY MM(day) TBPARTITIONS 3 SHARD*/;

-- By a generated column that the primary key decides.
CREATE TABLE parcels (
    id INT NOT NULL PRIMARY KEY,
    weight DECIMAL(8,3) NULL DEFAULT 2.5,
    code VARCHAR(20) NULL,
    box INT AS (id DIV 5) VIRTUAL,
    grams INT AS (weight * 1000) STORED
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(box) TBPARTITION BY HASH(box) TBPARTITIONS 2 SHARD*/;

-- Without a key: rows that hold the same, and rows that are equal and do not. The unique key has NULLs in it.
CREATE TABLE visits (
    page VARCHAR(20) COLLATE utf8mb4_general_ci NULL,
    customer_id BIGINT NULL,
    seconds INT NOT NULL DEFAULT 0,
    score FLOAT NULL,
    day DATE NULL,
    at TIMESTAMP NULL DEFAULT NULL,
    device ENUM('phone','tablet','desktop') NULL,
    flags SET('new','paid','bot') NULL,
    note VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
    raw VARBINARY(8) NULL,
    bits BIT(6) NULL,
    slot INT NULL,
    minutes INT AS (seconds DIV 60) VIRTUAL,
    UNIQUE KEY by_slot (page, slot),
    KEY by_customer (customer_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(page) TBPARTITION BY HASH(page) TBPARTITIONS 2 SHARD*/;

CREATE TABLE leaflets (
    lang CHAR(2) NULL,
    copies INT NULL,
    shop INT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD BROADCAST SHARD*/;

CREATE TABLE marks (
    n INT NULL,
    word TEXT COLLATE utf8mb4_unicode_ci NULL,
    doc JSON NULL,
    worth DECIMAL(12,4) NULL,
    real_worth DOUBLE NULL,
    took TIME(2) NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /*SHARD DBPARTITION BY HASH(n) SHARD*/;
