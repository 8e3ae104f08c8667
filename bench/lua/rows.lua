-- Rows of one tenant, which lie in one group: --rows of them for each statement.
sysbench.cmdline.options = {
    rows = {"Rows of each statement", 1000},
    tenants = {"Tenants", 10},
    tenant_rows = {"Rows of each tenant", 10000},
}

function thread_init()
    con = sysbench.sql.driver():connect()
    stmt = con:prepare("SELECT id, k, c, pad FROM tenants WHERE tenant = ? AND id BETWEEN ? AND ?")
    tenant = stmt:bind_create(sysbench.sql.type.INT)
    first = stmt:bind_create(sysbench.sql.type.INT)
    last = stmt:bind_create(sysbench.sql.type.INT)
    stmt:bind_param(tenant, first, last)
end

function event()
    local from = sysbench.rand.uniform(1, sysbench.opt.tenant_rows - sysbench.opt.rows + 1)
    tenant:set(sysbench.rand.uniform(1, sysbench.opt.tenants))
    first:set(from)
    last:set(from + sysbench.opt.rows - 1)
    stmt:execute()
end

function thread_done()
    stmt:close()
    con:disconnect()
end
