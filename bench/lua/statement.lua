-- The statement of --statement, as it is.
sysbench.cmdline.options = {
    statement = {"The statement", "SELECT 1"},
}

function thread_init()
    con = sysbench.sql.driver():connect()
end

function event()
    con:query(sysbench.opt.statement)
end

function thread_done()
    con:disconnect()
end
