// MariaDB's JDBC driver against a node: text and server-side prepared statements, transactions, batches, TLS.
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Objects;

public class Client {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        for (String tls : new String[] {"", "&useSsl=true&trustServerCertificate=true", "&useCompression=true"}) {
            for (String prepared : new String[] {"false", "true"}) {
                String url = "jdbc:mariadb://127.0.0.1:" + port + "/matrix?user=root&useServerPrepStmts=" + prepared + tls
                    + "&sessionVariables=time_zone='%2B00:00'&allowMultiQueries=true";
                try (Connection connection = DriverManager.getConnection(url.replace("%2B", "+"))) {
                    String how = "prepared " + prepared + tls;
                    read(connection, how);
                    transact(connection);
                    batch(connection);
                    metadata(connection);
                }
            }
        }
        System.out.println("jdbc: all checks passed");
    }

    static void same(String what, Object expected, Object got) {
        boolean equal = expected instanceof byte[] ? Arrays.equals((byte[]) expected, (byte[]) got) : Objects.equals(expected, got);
        if (!equal) {
            throw new AssertionError(what + ": expected " + expected + ", got " + got);
        }
    }

    static void read(Connection connection, String how) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM every_type WHERE id = ?")) {
            statement.setInt(1, 1);
            try (ResultSet row = statement.executeQuery()) {
                same(how, true, row.next());
                checkRow(how, row);
                same(how, false, row.next());
            }
            statement.setInt(1, 2);
            try (ResultSet row = statement.executeQuery()) {
                same(how, true, row.next());
                for (int column = 2; column <= row.getMetaData().getColumnCount(); column++) {
                    same(how + ": column " + column, null, row.getObject(column));
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM every_type ORDER BY id");
                ResultSet row = statement.executeQuery()) {
            same(how, true, row.next());
            checkRow(how + ", merged", row);
            same(how, true, row.next());
            same(how, 2, row.getInt("id"));
        }
    }

    static void checkRow(String how, ResultSet row) throws SQLException {
        same(how + " c_tinyint", -128, row.getInt("c_tinyint"));
        same(how + " c_utinyint", 255, row.getInt("c_utinyint"));
        same(how + " c_smallint", -32768, row.getInt("c_smallint"));
        same(how + " c_mediumint", 8388607, row.getInt("c_mediumint"));
        same(how + " c_int", -2147483648, row.getInt("c_int"));
        same(how + " c_bigint", Long.MIN_VALUE, row.getLong("c_bigint"));
        same(how + " c_ubigint", new BigInteger("18446744073709551615"), new BigInteger(row.getString("c_ubigint")));
        same(how + " c_decimal", new BigDecimal("1234567890123456.7891"), row.getBigDecimal("c_decimal"));
        same(how + " c_float", 1.5f, row.getFloat("c_float"));
        same(how + " c_double", -2.25, row.getDouble("c_double"));
        same(how + " c_bit", new byte[] {2, 1}, row.getBytes("c_bit"));
        same(how + " c_date", "2024-02-29", row.getDate("c_date").toString());
        same(how + " c_datetime", "2024-02-29 23:59:58.123456", row.getTimestamp("c_datetime").toString());
        same(how + " c_timestamp", "2024-02-29 23:59:58.123", row.getString("c_timestamp"));
        same(how + " c_time", "-12:34:56", row.getString("c_time").replaceFirst("\\.0+$", ""));
        same(how + " c_year", 2024, row.getInt("c_year"));
        same(how + " c_char", "char", row.getString("c_char"));
        same(how + " c_varchar", "grüße 你好 🏺", row.getString("c_varchar"));
        same(how + " c_latin", "café", row.getString("c_latin"));
        same(how + " c_binary", new byte[] {0, -1, 16}, row.getBytes("c_binary"));
        same(how + " c_varbinary", new byte[] {0, 1, -2, -1}, row.getBytes("c_varbinary"));
        same(how + " c_text", "text\nwith lines", row.getString("c_text"));
        same(how + " c_blob", new byte[] {(byte) 0xde, (byte) 0xad, (byte) 0xbe, (byte) 0xef, 0}, row.getBytes("c_blob"));
        same(how + " c_enum", "green", row.getString("c_enum"));
        same(how + " c_set", "a,c", row.getString("c_set"));
        same(how + " c_json", "{\"k\": [1, 2, null]}", row.getString("c_json"));
    }

    static BigDecimal balance(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT balance FROM account WHERE id = ?")) {
            statement.setInt(1, 1);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBigDecimal(1);
            }
        }
    }

    static void transact(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        for (boolean commit : new boolean[] {false, true}) {
            try (PreparedStatement statement = connection.prepareStatement("UPDATE account SET balance = balance + ? WHERE id = ?")) {
                statement.setBigDecimal(1, new BigDecimal("7.50"));
                statement.setInt(2, 1);
                same("rows", 1, statement.executeUpdate());
            }
            if (commit) {
                connection.commit();
            } else {
                connection.rollback();
            }
            same("balance", new BigDecimal(commit ? "107.50" : "100.00"), balance(connection));
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE account SET balance = 100 WHERE id = 1");
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void batch(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO account VALUES (?, ?, ?)")) {
            for (int id = 10; id < 30; id++) {
                statement.setInt(1, id);
                statement.setString(2, "n" + id);
                statement.setBigDecimal(3, BigDecimal.ONE);
                statement.addBatch();
            }
            same("batch", 20, statement.executeBatch().length);
        }
        try (Statement statement = connection.createStatement()) {
            same("deleted", 20, statement.executeUpdate("DELETE FROM account WHERE id >= 10"));
            try (ResultSet row = statement.executeQuery("SELECT COUNT(*), SUM(balance) FROM account")) {
                row.next();
                same("count", 3, row.getInt(1));
                same("sum", new BigDecimal("150.00"), row.getBigDecimal(2));
            }
            try {
                statement.executeQuery("SELECT * FROM no_such_table");
                throw new AssertionError("a missing table is no error");
            } catch (SQLException error) {
                same("errno", 1146, error.getErrorCode());
                same("state", "42S02", error.getSQLState());
            }
        }
    }

    static void metadata(Connection connection) throws SQLException {
        same("catalog", "matrix", connection.getCatalog());
        same("valid", true, connection.isValid(5));
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT id, owner AS who FROM account WHERE id = 1")) {
            same("label", "who", row.getMetaData().getColumnLabel(2));
            same("name", "owner", row.getMetaData().getColumnName(2));
            same("table", "account", row.getMetaData().getTableName(2));
        }
    }
}
