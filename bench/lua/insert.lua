-- Ten rows with ids that follow one another, in one INSERT: with two groups, five for each.
sysbench.cmdline.options = {
    table_size = {"Ids are taken up to this", 1000000000},
}

local c = string.rep("###########-", 9) .. "###########"
local pad = string.rep("###########-", 4) .. "###########"

function thread_init()
    con = sysbench.sql.driver():connect()
end

function event()
    local from = sysbench.rand.uniform(1, sysbench.opt.table_size)
    local rows = {}
    for n = 1, 10 do
        rows[n] = string.format("(%d,%d,'%s','%s')", from + n, n, sysbench.rand.string(c), sysbench.rand.string(pad))
    end
    con:query("INSERT INTO journal (id, k, c, pad) VALUES " .. table.concat(rows, ","))
end

function thread_done()
    con:disconnect()
end
