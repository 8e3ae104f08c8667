-- The transaction of oltp_read_only, or with --writes=on of oltp_read_write, on the rows of one tenant, which lie in one group.
sysbench.cmdline.options = {
    writes = {"Writes too", false},
    tenants = {"Tenants", 10},
    tenant_rows = {"Rows of each tenant", 10000},
    range_size = {"Ids of a range", 100},
}

local int = sysbench.sql.type.INT
local text = {sysbench.sql.type.CHAR, 120}
local reads = {
    point = {"SELECT c FROM tenants WHERE tenant = ? AND id = ?", int, int},
    range = {"SELECT c FROM tenants WHERE tenant = ? AND id BETWEEN ? AND ?", int, int, int},
    sum = {"SELECT SUM(k) FROM tenants WHERE tenant = ? AND id BETWEEN ? AND ?", int, int, int},
    order = {"SELECT c FROM tenants WHERE tenant = ? AND id BETWEEN ? AND ? ORDER BY c", int, int, int},
    distinct = {"SELECT DISTINCT c FROM tenants WHERE tenant = ? AND id BETWEEN ? AND ? ORDER BY c", int, int, int},
}
local writes = {
    indexed = {"UPDATE tenants SET k = k + 1 WHERE tenant = ? AND id = ?", int, int},
    unindexed = {"UPDATE tenants SET c = ? WHERE tenant = ? AND id = ?", text, int, int},
    delete = {"DELETE FROM tenants WHERE tenant = ? AND id = ?", int, int},
    insert = {"INSERT INTO tenants (tenant, id, k, c, pad) VALUES (?, ?, ?, ?, ?)", int, int, int, text, text},
}
local c = string.rep("###########-", 9) .. "###########"
local pad = string.rep("###########-", 4) .. "###########"

local function prepare(all)
    for name, definition in pairs(all) do
        local statement = {stmt = con:prepare(definition[1]), params = {}}
        for n = 2, #definition do
            local kind = definition[n]
            if type(kind) == "table" then
                statement.params[n - 1] = statement.stmt:bind_create(kind[1], kind[2])
            else
                statement.params[n - 1] = statement.stmt:bind_create(kind)
            end
        end
        statement.stmt:bind_param(unpack(statement.params))
        prepared[name] = statement
    end
end

local function run(name, ...)
    local statement = prepared[name]
    for n, value in ipairs({...}) do
        local param = statement.params[n]
        if type(value) == "string" then param:set_rand_str(value) else param:set(value) end
    end
    statement.stmt:execute()
end

function thread_init()
    con = sysbench.sql.driver():connect()
    prepared = {}
    prepare(reads)
    if sysbench.opt.writes then prepare(writes) end
    begin, commit = con:prepare("BEGIN"), con:prepare("COMMIT")
end

function event()
    local tenant = sysbench.rand.uniform(1, sysbench.opt.tenants)
    local function id() return sysbench.rand.uniform(1, sysbench.opt.tenant_rows) end
    begin:execute()
    for _ = 1, 10 do run("point", tenant, id()) end
    for _, name in ipairs({"range", "sum", "order", "distinct"}) do
        local from = id()
        run(name, tenant, from, from + sysbench.opt.range_size - 1)
    end
    if sysbench.opt.writes then
        run("indexed", tenant, id())
        run("unindexed", c, tenant, id())
        local gone = id()
        run("delete", tenant, gone)
        run("insert", tenant, gone, id(), c, pad)
    end
    commit:execute()
end

function thread_done()
    con:disconnect()
end
