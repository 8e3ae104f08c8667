// Go's driver (go-sql-driver/mysql) in the matrix: text and binary protocol, both plugins, with and without TLS.
package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

var (
	client   = os.Getenv("MATRIX_CLIENT")
	password = os.Getenv("MATRIX_PASSWORD")
	database = "matrix_" + client
	bytesIn  = map[string]bool{"c_binary": true, "c_varbinary": true, "c_tinyblob": true, "c_blob": true, "c_longblob": true, "c_point": true}
	texts    = map[string]bool{"c_char": true, "c_varchar": true, "c_latin": true, "c_tinytext": true, "c_text": true, "c_longtext": true,
		"c_enum": true, "c_set": true}
	moments  = map[string]bool{"c_datetime": true, "c_seconds": true, "c_timestamp": true, "c_time": true, "c_time6": true}
	expected = map[string]map[string]string{}
)

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func number(name string) int {
	value, err := strconv.Atoi(os.Getenv(name))
	must(name, err)
	return value
}

func passed(column string) { fmt.Println("passed: " + column) }

// Rows of every_type as expected.tsv writes them.
func readExpected() {
	file, err := os.Open(os.Getenv("MATRIX_EXPECTED"))
	must("expected values", err)
	escapes := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), "\t", 3)
		if expected[parts[0]] == nil {
			expected[parts[0]] = map[string]string{}
		}
		expected[parts[0]][parts[1]] = escapes.Replace(parts[2])
	}
}

func open(user, password, more string) *sql.DB {
	settings := "&time_zone=%27%2B00%3A00%27&sql_mode=%27NO_ENGINE_SUBSTITUTION%27"
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(127.0.0.1:%s)/%s?charset=utf8mb4&maxAllowedPacket=67108864%s%s", user, password,
		os.Getenv("MATRIX_PORT"), database, settings, more))
	must("open", err)
	db.SetMaxOpenConns(1)
	must("login of "+user+more, db.Ping())
	return db
}

func fraction(text string) string {
	if strings.Contains(text, ".") {
		return strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// A value as expected.tsv writes it.
func canonical(name string, value any) string {
	if raw, is := value.([]byte); is {
		switch {
		case bytesIn[name]:
			return strings.ToUpper(hex.EncodeToString(raw))
		case strings.HasPrefix(name, "c_bit"):
			return new(big.Int).SetBytes(raw).String()
		case moments[name]:
			return fraction(string(raw))
		case name == "c_year":
			return strings.TrimLeft(string(raw), "0") + map[bool]string{true: "0"}[string(raw) == "0000"]
		}
		return string(raw)
	}
	return fmt.Sprint(value)
}

func checkRows(how string, rows *sql.Rows, count int) {
	names, err := rows.Columns()
	must(how, err)
	values, targets := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	seen := 0
	for rows.Next() {
		must(how, rows.Scan(targets...))
		seen++
		id := canonical("id", values[0])
		for i, name := range names[1:] {
			wanted, there := expected[id][name]
			if values[i+1] == nil || !there {
				if (values[i+1] == nil) == there {
					fail("%s: %s of row %s is %v, expected %v", how, name, id, values[i+1], wanted)
				}
				continue
			}
			got := canonical(name, values[i+1])
			if moments[name] {
				wanted = fraction(wanted)
			}
			if name == "c_float" || name == "c_double" {
				bits := map[string]int{"c_float": 32, "c_double": 64}[name]
				one, err := strconv.ParseFloat(got, bits)
				must(how, err)
				other, _ := strconv.ParseFloat(wanted, bits)
				if one == other {
					continue
				}
			}
			if got != wanted {
				fail("%s: %s of row %s is %q, expected %q", how, name, id, got, wanted)
			}
		}
	}
	must(how, rows.Err())
	if seen != count {
		fail("%s: %d rows", how, seen)
	}
}

func read(db *sql.DB, how string) {
	rows, err := db.Query("SELECT * FROM every_type ORDER BY id")
	must(how, err)
	checkRows(how+", text", rows, 5)
	statement, err := db.Prepare("SELECT * FROM every_type WHERE id <= ? ORDER BY id")
	must(how, err)
	rows, err = statement.Query(5)
	must(how, err)
	checkRows(how+", binary", rows, 5)
	must(how, statement.Close())
	byKey, err := db.Prepare("SELECT * FROM every_type WHERE id = ?")
	must(how, err)
	for key := 1; key <= 5; key++ {
		rows, err = byKey.Query(key)
		must(how, err)
		checkRows(how+", by key", rows, 1)
	}
	must(how, byKey.Close())
}

// Rows that were read are written with parameters, and compared by the server.
func write(db *sql.DB, column string) {
	_, err := db.Exec("DELETE FROM written")
	must(column, err)
	source, err := db.Query("SELECT * FROM every_type ORDER BY id")
	must(column, err)
	names, _ := source.Columns()
	var all [][]any
	for source.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		must(column, source.Scan(targets...))
		for i, name := range names {
			// What was read are texts: but for bytes, they are written as texts.
			if raw, is := values[i].([]byte); is && !bytesIn[name] && !strings.HasPrefix(name, "c_bit") {
				values[i] = string(raw)
			}
		}
		all = append(all, values)
	}
	must(column, source.Err())
	insert := "INSERT INTO written VALUES (" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
	for _, values := range all {
		_, err = db.Exec(insert, values...)
		must(column, err)
	}
	var conditions []string
	for _, name := range names[1:] {
		if texts[name] || bytesIn[name] {
			conditions = append(conditions, fmt.Sprintf("HEX(e.%s) <=> HEX(w.%s)", name, name))
		} else {
			conditions = append(conditions, fmt.Sprintf("e.%s <=> w.%s", name, name))
		}
	}
	compared, err := db.Query("SELECT " + strings.Join(conditions, ", ") + " FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id")
	must(column, err)
	same, targets := make([]int, len(conditions)), make([]any, len(conditions))
	for i := range same {
		targets[i] = &same[i]
	}
	count := 0
	for compared.Next() {
		must(column, compared.Scan(targets...))
		count++
		for i, one := range same {
			if one != 1 {
				fail("%s: %s of row %d is not what was written", column, names[i+1], count)
			}
		}
	}
	must(column, compared.Err())
	if count != 5 {
		fail("%s: %d rows were written", column, count)
	}
	passed(column)
}

func balances(db interface {
	Query(string, ...any) (*sql.Rows, error)
}) string {
	rows, err := db.Query("SELECT balance FROM account ORDER BY id")
	must("balances", err)
	var all []string
	for rows.Next() {
		var one string
		must("balances", rows.Scan(&one))
		all = append(all, one)
	}
	must("balances", rows.Err())
	return strings.Join(all, " ")
}

func transact(db *sql.DB) {
	for _, commit := range []bool{false, true} {
		transaction, err := db.Begin()
		must("begin", err)
		for key := 1; key <= 3; key++ {
			done, err := transaction.Exec("UPDATE account SET balance = balance + ? WHERE id = ?", "7.50", key)
			must("update", err)
			if n, _ := done.RowsAffected(); n != 1 {
				fail("%d rows were updated", n)
			}
		}
		wanted := "100.00 50.00 0.00"
		if commit {
			must("commit", transaction.Commit())
			wanted = "107.50 57.50 7.50"
		} else {
			must("rollback", transaction.Rollback())
		}
		if got := balances(db); got != wanted {
			fail("commit %v: balances are %s", commit, got)
		}
	}
	_, err := db.Exec("UPDATE account SET balance = balance - 7.5")
	must("update", err)
	passed("transaction")
}

func checkErrors(db *sql.DB) {
	for text, wanted := range map[string]uint16{"SELECT * FROM no_such_table": 1146, "SELEKT 1": 1064, "INSERT INTO account VALUES (1, NULL, 0)": 1062,
		"SELECT no_such_column FROM account": 1054} {
		_, err := db.Exec(text)
		var said *mysql.MySQLError
		if !errors.As(err, &said) || said.Number != wanted {
			fail("%s: %v", text, err)
		}
		if statement, err := db.Prepare(text); err == nil {
			_, err = statement.Exec()
			if !errors.As(err, &said) || said.Number != wanted {
				fail("prepared, %s: %v", text, err)
			}
			statement.Close()
		} else if !errors.As(err, &said) || said.Number != wanted {
			fail("prepared, %s: %v", text, err)
		}
	}
	must("ping", db.Ping())
	passed("errors")
}

func bigParameter(text, binary *sql.DB) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	body := bytes.Repeat(all, number("MATRIX_BYTES")/256)
	for key, db := range []*sql.DB{text, binary} {
		_, err := db.Exec("INSERT INTO big VALUES (?, ?)", key, body)
		must("big", err)
		var got []byte
		must("big", db.QueryRow("SELECT body FROM big WHERE id = ?", key).Scan(&got))
		if !bytes.Equal(body, got) {
			fail("a big parameter is not what came back")
		}
	}
	passed("big")
}

func stream(db *sql.DB) {
	rows, err := db.Query("SELECT id, body FROM matrix_many.many ORDER BY id")
	must("stream", err)
	count := 0
	for rows.Next() {
		var id int
		var body string
		must("stream", rows.Scan(&id, &body))
		count++
		if id != count || body != "row number "+strconv.Itoa(count) {
			fail("row %d is %d, %s", count, id, body)
		}
	}
	must("stream", rows.Err())
	if count != number("MATRIX_ROWS") {
		fail("%d rows", count)
	}
	passed("stream")
}

func main() {
	readExpected()
	// The driver does not say which it is.
	fmt.Println("version: with " + runtime.Version())
	for _, plugin := range []string{"sha2", "rsa", "native"} {
		for _, tls := range []bool{false, true} {
			if plugin == "rsa" && tls {
				continue
			}
			column, more := plugin, ""
			if tls {
				column, more = plugin+" tls", "&tls=skip-verify"
			}
			db := open(plugin+"_"+client, password, more)
			var who, name, cipher string
			must("who", db.QueryRow("SELECT CURRENT_USER()").Scan(&who))
			must("cipher", db.QueryRow("SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher))
			if strings.Split(who, "@")[0] != plugin+"_"+client || (cipher != "") != tls {
				fail("%s: logged in as %s, cipher %q", column, who, cipher)
			}
			read(db, column)
			must("close", db.Close())
			passed(column)
		}
	}
	passed("text")
	passed("binary")
	fmt.Println("none: compressed: not in the driver")
	binary, text := open("root", "", ""), open("root", "", "&interpolateParams=true")
	write(text, "write text")
	write(binary, "write binary")
	transact(binary)
	checkErrors(binary)
	bigParameter(text, binary)
	stream(binary)
}
