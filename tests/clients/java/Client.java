// MariaDB's JDBC driver in the matrix: text and server-side prepared statements, batches, cursors to read by, metadata.
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

public class Client {
    static final String CLIENT = System.getenv("MATRIX_CLIENT");
    static final String PASSWORD = System.getenv("MATRIX_PASSWORD");
    static final Set<String> BYTES = Set.of("c_binary", "c_varbinary", "c_tinyblob", "c_blob", "c_longblob", "c_point");
    static final Set<String> TEXTS = Set.of("c_char", "c_varchar", "c_latin", "c_tinytext", "c_text", "c_longtext", "c_enum", "c_set");
    static final Set<String> MOMENTS = Set.of("c_datetime", "c_seconds", "c_timestamp", "c_time", "c_time6");
    // The driver has no zero dates.
    static final Set<String> DATES = Set.of("c_date", "c_datetime", "c_seconds", "c_timestamp");
    static final Map<String, String> expected = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(System.getenv("MATRIX_EXPECTED")))) {
            String[] parts = line.split("\t", 3);
            expected.put(parts[0] + " " + parts[1], parts[2].replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\"));
        }
        for (String plugin : new String[] {"sha2", "rsa", "native"}) {
            for (boolean tls : plugin.equals("rsa") ? new boolean[] {false} : new boolean[] {false, true}) {
                String column = plugin + (tls ? " tls" : "");
                for (boolean prepared : new boolean[] {false, true}) {
                    try (Connection connection = connect(plugin + "_" + CLIENT, PASSWORD, prepared,
                            tls ? "&useSsl=true&trustServerCertificate=true" : "&useSsl=false")) {
                        if (column.equals("sha2") && !prepared) {
                            System.out.println("version: " + connection.getMetaData().getDriverVersion());
                        }
                        same(column, plugin + "_" + CLIENT, one(connection, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)", 1));
                        same(column + ": TLS", tls, !one(connection, "SHOW STATUS LIKE 'Ssl_cipher'", 2).isEmpty());
                        read(connection, column);
                    }
                }
                passed(column);
            }
        }
        passed("text");
        passed("binary");
        for (boolean prepared : new boolean[] {false, true}) {
            try (Connection connection = connect("root", "", prepared, "&useCompression=true")) {
                read(connection, "compressed");
            }
        }
        passed("compressed");
        for (boolean prepared : new boolean[] {false, true}) {
            try (Connection connection = connect("root", "", prepared, "")) {
                write(connection, prepared ? "write binary" : "write text");
                transact(connection);
                batch(connection);
                errors(connection);
                big(connection, prepared ? 1 : 0);
                metadata(connection);
                stream(connection);
            }
        }
        for (String column : new String[] {"transaction", "errors", "big", "stream"}) {
            passed(column);
        }
    }

    static void passed(String column) {
        System.out.println("passed: " + column);
    }

    static Connection connect(String user, String password, boolean prepared, String more) throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + System.getenv("MATRIX_PORT") + "/matrix_" + CLIENT + "?user=" + user
            + "&password=" + password + "&useServerPrepStmts=" + prepared + "&allowMultiQueries=true&allowPublicKeyRetrieval=true"
            + "&sessionVariables=time_zone='+00:00',sql_mode='NO_ENGINE_SUBSTITUTION'" + more);
    }

    static void same(String what, Object wanted, Object got) {
        if (!Objects.equals(wanted, got)) {
            throw new AssertionError(what + ": expected " + wanted + ", got " + got);
        }
    }

    static String one(Connection connection, String sql, int column) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(sql)) {
            same(sql, true, row.next());
            return row.getString(column);
        }
    }

    static String fraction(String text) {
        return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    }

    static Object canonical(String name, ResultSet row, int column) throws SQLException {
        if (row.getObject(column) == null) {
            return null;
        }
        if (BYTES.contains(name)) {
            return HexFormat.of().withUpperCase().formatHex(row.getBytes(column));
        }
        switch (name) {
            case "c_bit": case "c_bit64":
                return new BigInteger(1, row.getBytes(column)).toString();
            case "c_float":
                return row.getFloat(column);
            case "c_double":
                return row.getDouble(column);
            case "c_decimal": case "c_long_decimal":
                return row.getBigDecimal(column).toPlainString();
            case "c_year":
                return String.valueOf(row.getShort(column));
            default:
                return MOMENTS.contains(name) ? fraction(row.getString(column)) : row.getString(column);
        }
    }

    static void checkRow(String how, ResultSet row) throws SQLException {
        ResultSetMetaData names = row.getMetaData();
        String id = row.getString(1);
        for (int column = 2; column <= names.getColumnCount(); column++) {
            String name = names.getColumnName(column);
            Object wanted = expected.get(id + " " + name);
            if (wanted != null && DATES.contains(name) && wanted.toString().startsWith("0000")) {
                continue;
            }
            if (wanted != null && name.equals("c_float")) {
                wanted = Float.valueOf(wanted.toString());
            } else if (wanted != null && name.equals("c_double")) {
                wanted = Double.valueOf(wanted.toString());
            } else if (wanted != null && MOMENTS.contains(name)) {
                wanted = fraction(wanted.toString());
            }
            same(how + ": " + name + " of row " + id, wanted, canonical(name, row, column));
        }
    }

    static void read(Connection connection, String how) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM every_type ORDER BY id"); ResultSet row = statement.executeQuery()) {
            for (int id = 1; id <= 5; id++) {
                same(how, true, row.next());
                same(how, id, row.getInt(1));
                checkRow(how + ", merged", row);
            }
            same(how, false, row.next());
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM every_type WHERE id = ?")) {
            for (int id = 1; id <= 5; id++) {
                statement.setInt(1, id);
                try (ResultSet row = statement.executeQuery()) {
                    same(how, true, row.next());
                    checkRow(how, row);
                    same(how, false, row.next());
                }
            }
        }
    }

    // Rows that were read are written with parameters, and compared by the server.
    static void write(Connection connection, String what) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT * FROM every_type ORDER BY id")) {
            statement.getConnection().createStatement().executeUpdate("DELETE FROM written");
            int count = rows.getMetaData().getColumnCount();
            for (int column = 1; column <= count; column++) {
                names.add(rows.getMetaData().getColumnName(column));
            }
            while (rows.next()) {
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO written VALUES (?" + ", ?".repeat(count - 1) + ")")) {
                    for (int column = 1; column <= count; column++) {
                        put(insert, column, names.get(column - 1), rows);
                    }
                    same(what, 1, insert.executeUpdate());
                }
            }
        }
        List<String> conditions = new ArrayList<>();
        for (String name : names.subList(1, names.size())) {
            String one = TEXTS.contains(name) || BYTES.contains(name) ? "HEX(e." + name + ")" : "e." + name;
            if (DATES.contains(name)) {
                one = "IF(e." + name + " = 0, NULL, e." + name + ")";
            }
            conditions.add(one + " <=> " + (one.startsWith("HEX") ? "HEX(w." + name + ")" : "w." + name) + " AS " + name);
        }
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT e.id, " + String.join(", ", conditions)
                + " FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id")) {
            for (int id = 1; id <= 5; id++) {
                same(what, true, row.next());
                for (int column = 2; column <= names.size(); column++) {
                    same(what + ": " + names.get(column - 1) + " of row " + id, 1, row.getInt(column));
                }
            }
        }
        passed(what);
    }

    static void put(PreparedStatement insert, int column, String name, ResultSet rows) throws SQLException {
        if (rows.getObject(column) == null) {
            insert.setNull(column, java.sql.Types.VARCHAR);
        } else if (BYTES.contains(name) || name.startsWith("c_bit")) {
            insert.setBytes(column, rows.getBytes(column));
        } else if (name.contains("decimal")) {
            insert.setBigDecimal(column, rows.getBigDecimal(column));
        } else if (name.equals("c_float")) {
            insert.setFloat(column, rows.getFloat(column));
        } else if (name.equals("c_double")) {
            insert.setDouble(column, rows.getDouble(column));
        } else if (name.endsWith("int") && !name.equals("c_ubigint")) {
            insert.setLong(column, rows.getLong(column));
        } else if (name.equals("c_year")) {
            insert.setShort(column, rows.getShort(column));
        } else {
            insert.setString(column, rows.getString(column));
        }
    }

    static String balances(Connection connection) throws SQLException {
        return one(connection, "SELECT GROUP_CONCAT(balance ORDER BY id SEPARATOR ' ') FROM account", 1);
    }

    static void transact(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        for (boolean commit : new boolean[] {false, true}) {
            try (PreparedStatement statement = connection.prepareStatement("UPDATE account SET balance = balance + ? WHERE id = ?")) {
                for (int key = 1; key <= 3; key++) {
                    statement.setBigDecimal(1, new BigDecimal("7.50"));
                    statement.setInt(2, key);
                    same("rows", 1, statement.executeUpdate());
                }
            }
            if (commit) {
                connection.commit();
            } else {
                connection.rollback();
            }
            same("balances", commit ? "107.50 57.50 7.50" : "100.00 50.00 0.00", balances(connection));
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE account SET balance = balance - 7.5");
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
        }
        same("count and sum", "3 150.00", one(connection, "SELECT CONCAT(COUNT(*), ' ', SUM(balance)) FROM account", 1));
    }

    static void errors(Connection connection) throws SQLException {
        String[][] wrong = {{"SELECT * FROM no_such_table", "1146", "42S02"}, {"SELEKT 1", "1064", "42000"},
            {"INSERT INTO account VALUES (1, NULL, 0)", "1062", "23000"}, {"SELECT no_such_column FROM account", "1054", "42S22"}};
        for (String[] one : wrong) {
            try (PreparedStatement statement = connection.prepareStatement(one[0])) {
                statement.execute();
                throw new AssertionError(one[0] + " is no error");
            } catch (SQLException error) {
                same(one[0], one[1] + " " + one[2], error.getErrorCode() + " " + error.getSQLState());
            }
        }
        same("valid", true, connection.isValid(5));
    }

    static void big(Connection connection, int key) throws SQLException {
        byte[] body = new byte[Integer.parseInt(System.getenv("MATRIX_BYTES")) / 256 * 256];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) i;
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO big VALUES (?, ?)");
                PreparedStatement select = connection.prepareStatement("SELECT body FROM big WHERE id = ?")) {
            insert.setInt(1, key);
            insert.setBytes(2, body);
            same("big", 1, insert.executeUpdate());
            select.setInt(1, key);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                same("a big parameter came back", true, Arrays.equals(body, row.getBytes(1)));
            }
        }
    }

    static void stream(Connection connection) throws SQLException {
        int count = 0;
        try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
            statement.setFetchSize(100);
            try (ResultSet row = statement.executeQuery("SELECT id, body FROM matrix_many.many ORDER BY id")) {
                while (row.next()) {
                    count++;
                    if (row.getInt(1) != count || !row.getString(2).equals("row number " + count)) {
                        throw new AssertionError("row " + count + " is " + row.getInt(1));
                    }
                }
            }
        }
        same("rows", Integer.parseInt(System.getenv("MATRIX_ROWS")), count);
    }

    static void metadata(Connection connection) throws SQLException {
        same("catalog", "matrix_" + CLIENT, connection.getCatalog());
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT id, owner AS who FROM account WHERE id = 1")) {
            same("label", "who", row.getMetaData().getColumnLabel(2));
            same("name", "owner", row.getMetaData().getColumnName(2));
            same("table", "account", row.getMetaData().getTableName(2));
        }
        List<String> keys = new ArrayList<>();
        try (ResultSet row = connection.getMetaData().getPrimaryKeys("matrix_" + CLIENT, null, "account")) {
            while (row.next()) {
                keys.add(row.getString("COLUMN_NAME"));
            }
        }
        same("primary key", List.of("id"), keys);
        List<String> columns = new ArrayList<>();
        try (ResultSet row = connection.getMetaData().getColumns("matrix_" + CLIENT, null, "account", null)) {
            while (row.next()) {
                columns.add(row.getString("COLUMN_NAME") + " " + row.getString("TYPE_NAME"));
            }
        }
        same("columns", List.of("id INT", "owner VARCHAR", "balance DECIMAL"), columns);
    }
}
