-- CREATE TABLE as real clients send it; create_table.expected holds what the parser must find in each.
-- Statements end with a semicolon at a line's end.

-- sysbench
CREATE TABLE sbtest1(
  id INTEGER NOT NULL AUTO_INCREMENT,
  k INTEGER DEFAULT '0' NOT NULL,
  c CHAR(120) DEFAULT '' NOT NULL,
  pad CHAR(60) DEFAULT '' NOT NULL,
  PRIMARY KEY (id)
) /*! ENGINE = innodb */;

-- mysqldump
CREATE TABLE `customers` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `email` varchar(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'login; unique, lower case',
  `name` varchar(100) COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  `balance` decimal(18,4) NOT NULL DEFAULT 0.0000,
  `status` enum('new','active','it''s over') NOT NULL DEFAULT 'new',
  `flags` set('a','b') DEFAULT NULL,
  `created_at` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `birthday` date DEFAULT '1970-01-01',
  `photo` longblob DEFAULT NULL,
  `notes` text COLLATE utf8mb4_unicode_ci,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uk_email` (`email`),
  KEY `ix_name` (`name`(20),`created_at`) USING BTREE COMMENT 'for the report'
) ENGINE=InnoDB AUTO_INCREMENT=10001 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC COMMENT='people; who pay';

-- mysqldump of a partitioned table, version comments
CREATE TABLE `log` (
  `id` int(11) NOT NULL,
  `at` datetime(6) NOT NULL /*!80023 INVISIBLE */,
  PRIMARY KEY (`id`,`at`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
/*!50100 PARTITION BY RANGE (to_days(`at`))
(PARTITION p0 VALUES LESS THAN (738000) ENGINE = InnoDB,
 PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */;

-- Django
CREATE TABLE `auth_user` (`id` integer AUTO_INCREMENT NOT NULL PRIMARY KEY, `password` varchar(128) NOT NULL, `last_login` datetime(6) NULL, `is_superuser` bool NOT NULL, `username` varchar(150) NOT NULL UNIQUE, `data` json NOT NULL, `age` integer UNSIGNED NOT NULL CHECK (`age` >= 0), `price` double precision NOT NULL, `uuid` char(32) NOT NULL UNIQUE);
CREATE TABLE `auth_group_permissions` (`id` bigint AUTO_INCREMENT NOT NULL PRIMARY KEY, `group_id` integer NOT NULL, `permission_id` integer NOT NULL, CONSTRAINT `auth_group_perm_uniq` UNIQUE (`group_id`, `permission_id`));

-- Rails
CREATE TABLE `articles` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `title` varchar(255) DEFAULT 'untitled' NOT NULL, `body` text, `published` tinyint(1) DEFAULT FALSE, `user_id` bigint NOT NULL, `created_at` datetime(6) NOT NULL, INDEX `index_articles_on_user_id`  (`user_id`), UNIQUE INDEX `index_articles_on_title`  (`title`), FULLTEXT INDEX `ft` (`body`)) CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
CREATE TABLE `comments` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `article_id` bigint NOT NULL, CONSTRAINT `fk_rails_3bf61a60d3` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE ON UPDATE NO ACTION);
CREATE TABLE `schema_migrations` (`version` varchar(255) NOT NULL PRIMARY KEY);

-- Hibernate
create table Customer (id bigint not null auto_increment, active bit not null, amount decimal(19,2), created datetime(6), data longblob, kind enum ('A','B'), name varchar(255) not null, rating float(53), score float(23), version integer not null, primary key (id)) engine=InnoDB;
create table hibernate_sequence (next_val bigint) engine=InnoDB;
create table order_lines (orders_id bigint not null, lines_id bigint not null, lines_order integer not null, primary key (orders_id, lines_order), unique (lines_id)) engine=MyISAM;

-- WordPress
CREATE TABLE wp_posts (
	ID bigint(20) unsigned NOT NULL auto_increment,
	post_author bigint(20) unsigned NOT NULL default '0',
	post_date datetime NOT NULL default '0000-00-00 00:00:00',
	post_content longtext NOT NULL,
	post_status varchar(20) NOT NULL default 'publish',
	post_name varchar(200) NOT NULL default '',
	menu_order int(11) NOT NULL default '0',
	PRIMARY KEY  (ID),
	KEY post_name (post_name(191)),
	KEY type_status_date (post_status,post_date,ID),
	KEY post_author (post_author)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Laravel
create table `users` (`id` bigint unsigned not null auto_increment primary key, `email` varchar(255) not null, `email_verified_at` timestamp null, `remember_token` varchar(100) null, `created_at` timestamp null) default character set utf8mb4 collate 'utf8mb4_unicode_ci';

-- Prisma, TypeORM, Sequelize
CREATE TABLE `Post` (`id` INTEGER NOT NULL AUTO_INCREMENT, `createdAt` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), `title` VARCHAR(191) NOT NULL, `authorId` INTEGER NULL, INDEX `Post_authorId_idx`(`authorId`), PRIMARY KEY (`id`)) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE `photo` (`id` varchar(36) NOT NULL, `views` int NOT NULL DEFAULT '0', `at` timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), UNIQUE INDEX `IDX_a` (`views`), UNIQUE INDEX `REL_b` (`at`), PRIMARY KEY (`id`)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS `Users` (`id` INTEGER auto_increment , `uuid` CHAR(36) BINARY, `active` TINYINT(1) DEFAULT true, `bio` TEXT, UNIQUE `users_uuid` (`uuid`), PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE utf8_unicode_ci;

-- Flyway, Quartz, Keycloak-like
CREATE TABLE `flyway_schema_history` (`installed_rank` INT NOT NULL, `version` VARCHAR(50), `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, `success` BOOL NOT NULL, CONSTRAINT `flyway_schema_history_pk` PRIMARY KEY (`installed_rank`)) ENGINE=InnoDB;
CREATE TABLE QRTZ_TRIGGERS (SCHED_NAME VARCHAR(120) NOT NULL, TRIGGER_NAME VARCHAR(190) NOT NULL, NEXT_FIRE_TIME BIGINT(13) NULL, PRIORITY INTEGER NULL, JOB_DATA BLOB NULL, PRIMARY KEY (SCHED_NAME,TRIGGER_NAME)) ENGINE=InnoDB;

-- Every type
CREATE TABLE numbers (a TINYINT, b SMALLINT UNSIGNED ZEROFILL, c MEDIUMINT(5) SIGNED, d INT1, e INT2, f INT3 UNSIGNED, g INT4, h INT8 UNSIGNED, i MIDDLEINT, j INTEGER ZEROFILL, k DEC, l NUMERIC(5), m FIXED(6,2) UNSIGNED, n FLOAT, o FLOAT(24), p FLOAT(25), q FLOAT(7,4) UNSIGNED, r REAL, s DOUBLE PRECISION(10,2), t FLOAT4, u FLOAT8, v BIT(8), w BOOLEAN, x DECIMAL(0), y DECIMAL(65,30));
CREATE TABLE times (a DATE, b TIME, c TIME(3), d DATETIME, e DATETIME(6), f TIMESTAMP NULL, g TIMESTAMP(2) NULL, h YEAR, i YEAR(4));
CREATE TABLE strings (a CHAR, b CHAR(5), c CHARACTER VARYING(9), d VARCHAR(9) CHARSET latin1, e NATIONAL CHAR(3), f NATIONAL VARCHAR(3), g NCHAR(3), h NVARCHAR(3), i NCHAR VARCHAR(3), j NATIONAL CHARACTER VARYING (3), k TINYTEXT, l TEXT(100), m MEDIUMTEXT, n LONGTEXT, o LONG, p LONG VARCHAR, q LONG VARBINARY, r BINARY, s BINARY(8), t VARBINARY(8), u TINYBLOB, v BLOB(5), w MEDIUMBLOB, x LONGBLOB, y CHAR(4) BYTE, z VARCHAR(4) CHARACTER SET binary, aa TEXT CHARACTER SET 'binary', ab CHAR(3) ASCII, ac VARCHAR(3) CHARACTER SET latin1 BINARY, ad VARCHAR(3) COLLATE latin2_bin, ae CHAR VARYING(4)) CHARSET utf8mb4;
CREATE TABLE others (a POINT, b GEOMETRY NOT NULL, c JSON, d UUID, e INET6, f SERIAL, SPATIAL KEY (b), KEY (c(10)));
CREATE TABLE defaults (a INT DEFAULT -1, b INT DEFAULT +2, c DOUBLE DEFAULT 1.5e3, d VARCHAR(9) DEFAULT 'a' 'b', e VARCHAR(9) DEFAULT _utf8mb4'x', f VARCHAR(9) DEFAULT N'y', g BINARY(2) DEFAULT x'4142', h BIT(2) DEFAULT b'01', i INT DEFAULT NULL, j INT DEFAULT (1 + 2), k DATETIME DEFAULT NOW() ON UPDATE NOW(), l VARCHAR(36) DEFAULT (uuid()), m VARCHAR(36) DEFAULT uuid(), n TIMESTAMP DEFAULT LOCALTIMESTAMP, o VARCHAR(9) DEFAULT "q", p BOOL DEFAULT TRUE, q INT DEFAULT 0x10);
CREATE TABLE gen (a INT, b INT AS (a + 1), c INT GENERATED ALWAYS AS (a * 2) VIRTUAL NOT NULL COMMENT 'x', d INT GENERATED ALWAYS AS (CONCAT(a, ',)')) STORED UNIQUE KEY, e INT AS (a) PERSISTENT, f INT INVISIBLE, CHECK (a > 0), CONSTRAINT c1 CHECK (b > 0), g INT CONSTRAINT c2 CHECK (g > 1));

-- Key names as the servers make them
CREATE TABLE named (a INT UNIQUE, b INT KEY, c VARCHAR(10) UNIQUE KEY, UNIQUE(a), KEY(a,b), INDEX (c), UNIQUE KEY (b), CONSTRAINT cc UNIQUE (c), `primary` INT, d SERIAL, KEY (`primary`), CONSTRAINT x UNIQUE KEY y (a DESC, b ASC), INDEX USING HASH (a), KEY z USING BTREE (a), KEY w (b) USING BTREE KEY_BLOCK_SIZE=8 COMMENT 'k');
CREATE TABLE serials (id BIGINT UNSIGNED SERIAL DEFAULT VALUE, PRIMARY KEY (id), v INT);

-- Other forms of CREATE TABLE
CREATE TABLE copy LIKE shop.original;
CREATE TABLE copy2 (LIKE original);
CREATE TABLE sums AS SELECT a, COUNT(*) FROM t GROUP BY a;
CREATE TABLE sums2 (a INT) ENGINE=InnoDB IGNORE SELECT 1 AS a;
CREATE TABLE sums3 (SELECT 1 AS a);
CREATE TEMPORARY TABLE IF NOT EXISTS scratch (a INT) ENGINE MEMORY;
CREATE TABLE `we``ird`.`na``me` (`co``l` INT, `select` INT, `日本` VARCHAR(5) COMMENT "with ""quotes""");
CREATE TABLE opts (a INT) ENGINE InnoDB, MIN_ROWS 1 MAX_ROWS=2, STATS_PERSISTENT=DEFAULT STATS_AUTO_RECALC=1, KEY_BLOCK_SIZE 8 ROW_FORMAT COMPRESSED CHECKSUM=1, DEFAULT COLLATE = 'latin1_bin';
CREATE TABLE refs (a INT REFERENCES other (id) ON DELETE SET NULL, b INT);
CREATE TABLE versioned (a INT) WITH SYSTEM VERSIONING;

-- DRDS
CREATE TABLE t_order (id BIGINT NOT NULL AUTO_INCREMENT BY GROUP, buyer VARCHAR(20), PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 3;
CREATE TABLE t_db (id INT PRIMARY KEY) dbpartition by hash(`id`) dbpartitions 8;
CREATE TABLE t_pk (id INT PRIMARY KEY) DBPARTITION BY HASH();
CREATE TABLE t_tb (id INT, at DATETIME) TBPARTITION BY MMDD(at) TBPARTITIONS 366;
CREATE TABLE t_two (id INT, at DATETIME) DBPARTITION BY UNI_HASH(id) TBPARTITION BY WEEK(at) TBPARTITIONS 7;
CREATE TABLE t_str (s VARCHAR(30)) DBPARTITION BY STR_HASH(s, -1, 4) TBPARTITION BY STR_HASH(s, 0, 4, 1) TBPARTITIONS 2;
CREATE TABLE t_seed (s VARCHAR(30)) DBPARTITION BY STR_HASH(s,-1,-1,0,131);
CREATE TABLE t_shift (id INT) DBPARTITION BY RIGHT_SHIFT(id, 8) TBPARTITION BY RIGHT_SHIFT(id, 8) TBPARTITIONS 4;
CREATE TABLE t_range (a BIGINT, b BIGINT) DBPARTITION BY RANGE_HASH(a, b, 10) TBPARTITION BY RANGE_HASH1(a, b, 10) TBPARTITIONS 4;
CREATE TABLE t_time (at DATE) DBPARTITION BY YYYYMM_OPT(at) TBPARTITION BY YYYYMM_OPT(at) TBPARTITIONS 12;
CREATE TABLE t_noloop (id INT, at DATE) DBPARTITION BY HASH(id) TBPARTITION BY YYYYMM_NOLOOP(at) BETWEEN 201601 AND 201912;
CREATE TABLE t_noloop2 (id INT, at DATE) DBPARTITION BY HASH(id) TBPARTITION BY YYYYDD_NOLOOP(at) STARTWITH '20160101' ENDWITH '20161231' TBPARTITIONS 366;
CREATE TABLE t_cast (a INT) BROADCAST;
CREATE TABLE t_cast2 (a INT) ENGINE=InnoDB, BROADCAST, COMMENT='x';
CREATE TABLE t_cast3 (a INT) BROADCAST, PLACEMENT=DRDS, ENGINE=InnoDB;
CREATE TABLE t_single (a INT) SINGLE COMMENT 'one';
CREATE TABLE t_drds (a VARCHAR(5)) PLACEMENT = DRDS DBPARTITION BY HASH(a) CHARSET utf8;
CREATE TABLE t_folded (a VARCHAR(5)) DBPARTITION BY HASH(a) PLACEMENT FOLDED;
CREATE TABLE t_part (a INT) PARTITION BY HASH(a) PARTITIONS 4 DBPARTITION BY HASH(a);
