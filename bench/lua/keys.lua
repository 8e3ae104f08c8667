-- Ten rows by their keys, which lie in any group.
sysbench.cmdline.options = {
    table_size = {"Rows of the table", 100000},
}

function thread_init()
    con = sysbench.sql.driver():connect()
    stmt = con:prepare("SELECT id, k, c FROM sbtest1 WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    keys = {}
    for n = 1, 10 do
        keys[n] = stmt:bind_create(sysbench.sql.type.INT)
    end
    stmt:bind_param(unpack(keys))
end

function event()
    for n = 1, 10 do
        keys[n]:set(sysbench.rand.uniform(1, sysbench.opt.table_size))
    end
    stmt:execute()
end

function thread_done()
    stmt:close()
    con:disconnect()
end
