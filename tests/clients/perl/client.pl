# Perl's DBD::mysql and DBD::MariaDB in the matrix. The first argument says which.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use Math::BigInt;

$| = 1;

my $kind = shift;
my $maria = $kind eq 'MariaDB';
my ($port, $client, $password, $rows) = @ENV{qw(MATRIX_PORT MATRIX_CLIENT MATRIX_PASSWORD MATRIX_ROWS)};
my %bytes = map { $_ => 1 } qw(c_binary c_varbinary c_tinyblob c_blob c_longblob c_point c_bit c_bit64);
my %texts = map { $_ => 1 } qw(c_char c_varchar c_latin c_tinytext c_text c_longtext c_enum c_set c_binary c_varbinary c_tinyblob c_blob c_longblob c_point);
my %moments = map { $_ => 1 } qw(c_datetime c_seconds c_timestamp c_time c_time6);

sub passed { print "passed: $_[0]\n" }

sub must { my ($right, $what) = @_; die "$what\n" unless $right }

my %expected;
open my $file, '<:encoding(UTF-8)', $ENV{MATRIX_EXPECTED} or die $!;
while (my $line = <$file>) {
    chomp $line;
    my ($row, $column, $text) = split /\t/, $line, 3;
    my %escapes = (n => "\n", t => "\t", '\\' => '\\');
    $text =~ s/\\(.)/$escapes{$1}/g;
    $expected{$row}{$column} = $text;
}

# `prepared`: by the binary protocol; else the driver puts the values in.
sub connect_as {
    my ($user, $secret, %how) = @_;
    my $own = $maria ? 'mariadb' : 'mysql';
    my $source = "DBI:$kind:database=matrix_$client;host=127.0.0.1;port=$port;${own}_ssl=" . ($how{tls} ? "1;${own}_ssl_optional=1" : 0);
    $source .= ";${own}_compression=1" if $how{compressed};
    my %more = ("${own}_server_prepare" => $how{prepared} ? 1 : 0, $maria ? () : (mysql_enable_utf8mb4 => 1));
    my $db = DBI->connect($source, $user, $secret, { RaiseError => 1, PrintError => 0, AutoCommit => 1, %more });
    $db->do("SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'");
    return $db;
}

sub fraction { my $text = shift; $text =~ s/\.?0+$// if $text =~ /\./; return $text }

sub canonical {
    my ($name, $value) = @_;
    if ($name =~ /^c_bit/) {
        my $number = Math::BigInt->from_hex(unpack 'H*', $value);
        return "$number";
    }
    return uc unpack 'H*', $value if $bytes{$name};
    return $value + 0 if $name eq 'c_float' || $name eq 'c_double';
    return fraction($value) if $moments{$name};
    return $value + 0 if $name eq 'c_year';
    return $name eq 'c_json' ? decoded($value) : $value;
}

# MySQL's JSON has no character set, and stays as bytes.
sub decoded { my $text = shift; utf8::decode($text) unless utf8::is_utf8($text); return $text }

sub check_rows {
    my ($how, $names, $rows) = @_;
    must("@{[map { $_->[0] } @$rows]}" eq '1 2 3 4 5', "$how: rows @{[map { $_->[0] } @$rows]}");
    for my $row (@$rows) {
        for my $at (1 .. $#$names) {
            my ($name, $value) = ($names->[$at], $row->[$at]);
            my $wanted = $expected{ $row->[0] }{$name};
            $wanted = fraction($wanted) if defined $wanted && $moments{$name};
            $wanted += 0 if defined $wanted && ($name eq 'c_float' || $name eq 'c_double');
            must(defined $value == defined $wanted, "$how: $name of row $row->[0] is " . ($value // 'NULL'));
            next unless defined $value;
            my $got = canonical($name, $value);
            must($name =~ /^c_(float|double)/ ? $got == $wanted : $got eq $wanted, "$how: $name of row $row->[0] is $got, expected $wanted");
        }
    }
}

sub read_all {
    my ($how, @account) = @_;
    my %more = @account[2 .. $#account];
    for my $prepared (0, 1) {
        my $db = connect_as(@account[0, 1], %more, prepared => $prepared);
        my $statement = $db->prepare('SELECT * FROM every_type WHERE id <= ? ORDER BY id');
        $statement->execute(5);
        my $names = $statement->{NAME};
        check_rows("$how, prepared $prepared", $names, $statement->fetchall_arrayref);
        $statement = $db->prepare('SELECT * FROM every_type WHERE id = ?');
        check_rows("$how, by key, prepared $prepared", $names, [map { $statement->execute($_); @{ $statement->fetchall_arrayref } } 1 .. 5]);
        $db->disconnect;
    }
}

for my $plugin (qw(sha2 rsa native)) {
    for my $tls ($plugin eq 'rsa' ? 0 : (0, 1)) {
        my $column = $plugin . ($tls ? ' tls' : '');
        my $db = connect_as("${plugin}_$client", $password, tls => $tls);
        print 'version: ' . "DBD::$kind"->VERSION . "\n" if $column eq 'sha2';
        my ($who) = $db->selectrow_array('SELECT CURRENT_USER()');
        my (undef, $cipher) = $db->selectrow_array("SHOW STATUS LIKE 'Ssl_cipher'");
        must($who =~ /^${plugin}_$client\@/ && ($cipher ne '') == $tls, "$column: logged in as $who, cipher '$cipher'");
        $db->disconnect;
        read_all($column, "${plugin}_$client", $password, tls => $tls);
        passed($column);
    }
}
passed('text');
passed('binary');
read_all('compressed', 'root', '', compressed => 1);
passed('compressed');

for my $prepared (0, 1) {
    my $column = $prepared ? 'write binary' : 'write text';
    my $db = connect_as('root', '', prepared => $prepared);
    my $source = $db->prepare('SELECT * FROM every_type LIMIT 0');
    $source->execute;
    # DBD::mysql sends every text of a prepared statement as bytes, which are no latin1 and no JSON.
    my %unsent = map { $_ => 1 } $prepared && !$maria ? qw(c_latin c_json) : ();
    my @names = grep { !$unsent{$_} } @{ $source->{NAME} };
    $source->finish;
    my $all = $db->selectall_arrayref('SELECT ' . join(', ', @names) . ' FROM every_type ORDER BY id');
    $db->do('DELETE FROM written');
    for my $row (@$all) {
        # MySQL would keep the types of one row's parameters for those of the next.
        my $insert = $db->prepare('INSERT INTO written (' . join(', ', @names) . ') VALUES (' . join(', ', ('?') x @names) . ')');
        for my $at (0 .. $#names) {
            my $value = $names[$at] eq 'c_json' && defined $row->[$at] ? decoded($row->[$at]) : $row->[$at];
            # Perl writes a number with 15 digits.
            $value = sprintf '%.17g', $value if defined $value && $names[$at] =~ /^c_(float|double)$/;
            # The text '0' is the year 2000.
            $value = sprintf '%04d', $value if defined $value && $names[$at] eq 'c_year';
            # DBD::mysql sends a prepared statement's text in the shape that Perl happens to keep it in.
            utf8::upgrade($value) if defined $value && !$bytes{ $names[$at] };
            $insert->bind_param($at + 1, $value, $names[$at] eq 'id' ? SQL_INTEGER : $bytes{ $names[$at] } ? SQL_BLOB : SQL_VARCHAR);
        }
        must($insert->execute == 1, "$column: a row");
    }
    my $same = join ', ', map { $texts{$_} ? "HEX(e.$_) <=> HEX(w.$_)" : "e.$_ <=> w.$_" } @names[1 .. $#names];
    my $compared = $db->selectall_arrayref("SELECT $same FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id");
    must(@$compared == 5, "$column: rows");
    for my $row (0 .. 4) {
        for my $at (0 .. $#names - 1) {
            must($compared->[$row][$at] == 1, "$column: $names[$at + 1] of row @{[$row + 1]} is not what was written");
        }
    }
    passed($column);
    $db->disconnect;
}

my $db = connect_as('root', '', prepared => 1);
for (['rollback', '100.00 50.00 0.00'], ['commit', '107.50 57.50 7.50']) {
    my ($finish, $wanted) = @$_;
    $db->begin_work;
    for my $key (1 .. 3) {
        must($db->do('UPDATE account SET balance = balance + ? WHERE id = ?', undef, '7.50', $key) == 1, 'update');
    }
    $db->$finish;
    my $balances = $db->selectcol_arrayref('SELECT balance FROM account ORDER BY id');
    must("@$balances" eq $wanted, "$finish: @$balances");
}
$db->do('UPDATE account SET balance = balance - 7.5');
passed('transaction');

for (['SELECT * FROM no_such_table', 1146, '42S02'], ['SELEKT 1', 1064, '42000'], ['INSERT INTO account VALUES (1, NULL, 0)', 1062, '23000'],
    ['SELECT no_such_column FROM account', 1054, '42S22']) {
    my ($sql, $number, $state) = @$_;
    must(!eval { my $wrong = $db->prepare($sql); $wrong->execute; 1 }, "$sql is no error");
    must($db->err == $number && $db->state eq $state, "$sql: @{[$db->err]} @{[$db->state]} @{[$db->errstr]}");
}
must($db->ping, 'ping');
passed('errors');

my $body = join('', map { chr } 0 .. 255) x int($ENV{MATRIX_BYTES} / 256);
for my $prepared (0, 1) {
    my $big = connect_as('root', '', prepared => $prepared);
    my $insert = $big->prepare('INSERT INTO big VALUES (?, ?)');
    $insert->bind_param(1, $prepared, SQL_INTEGER);
    $insert->bind_param(2, $body, SQL_BLOB);
    $insert->execute;
    my $statement = $big->prepare('SELECT body FROM big WHERE id = ?');
    $statement->execute($prepared);
    my ($got) = $statement->fetchrow_array;
    must($got eq $body, 'a big parameter is not what came back');
    $statement->finish;
    $big->disconnect;
}
passed('big');

$db->disconnect;
$db = connect_as('root', '');
my $stream = $db->prepare('SELECT id, body FROM matrix_many.many ORDER BY id', $maria ? {} : { mysql_use_result => 1 });
$stream->execute;
my $count = 0;
while (my ($id, $text) = $stream->fetchrow_array) {
    $count++;
    must($id == $count && $text eq "row number $count", "row $count");
}
must($count == $rows, "$count rows");
$db->disconnect;
if ($maria) { print "none: stream: the driver's use_result gives no row on any server; all rows at once are right\n" }
else { passed('stream') }
