-- A range of 1,000 ids, which lie in all groups: --answer=sum for COUNT and SUM, --answer=top for the first 20 in another order.
sysbench.cmdline.options = {
    answer = {"sum or top", "sum"},
    table_size = {"Rows of the table", 100000},
    range_size = {"Ids of each statement", 1000},
}

local statements = {
    sum = "SELECT COUNT(*), SUM(k) FROM sbtest1 WHERE id BETWEEN ? AND ?",
    top = "SELECT id, k, c FROM sbtest1 WHERE id BETWEEN ? AND ? ORDER BY k, id LIMIT 20",
}

function thread_init()
    con = sysbench.sql.driver():connect()
    stmt = con:prepare(assert(statements[sysbench.opt.answer], "--answer is sum or top"))
    first = stmt:bind_create(sysbench.sql.type.INT)
    last = stmt:bind_create(sysbench.sql.type.INT)
    stmt:bind_param(first, last)
end

function event()
    local from = sysbench.rand.uniform(1, sysbench.opt.table_size - sysbench.opt.range_size + 1)
    first:set(from)
    last:set(from + sysbench.opt.range_size - 1)
    stmt:execute()
end

function thread_done()
    stmt:close()
    con:disconnect()
end
