package postgres

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connections is how many a process has at most to one database, however many schemas of it are open: a Postgres has a hundred for all,
// unless it is told otherwise. pool_max_conns in the address says another number.
const connections = 8

// pool is the connections of this process to one database, shared by those who have schemas of it open. Each takes a connection for
// a statement or a transaction, which then has its search path.
type pool struct {
	*pgxpool.Pool

	address string
	users   int
}

var pools = struct {
	mu   sync.Mutex
	open map[string]*pool
}{open: map[string]*pool{}}

// pooled gives the pool of a database. release gives it back.
func pooled(address string) (*pool, error) {
	pools.mu.Lock()
	defer pools.mu.Unlock()
	p := pools.open[address]
	if p == nil {
		config, err := configured(address)
		if err != nil {
			return nil, err
		}
		made, err := pgxpool.NewWithConfig(context.Background(), config) //nolint:forbidigo // it lasts until the last of its users gives it back
		if err != nil {
			return nil, Fault(err)
		}
		p = &pool{Pool: made, address: address}
		pools.open[address] = p
	}
	p.users++
	return p, nil
}

// release closes the pool when nobody has it any more.
func (p *pool) release() {
	pools.mu.Lock()
	p.users--
	last := p.users == 0
	if last {
		delete(pools.open, p.address)
	}
	pools.mu.Unlock()
	if last {
		p.Close()
	}
}

// configured is how a database is connected to. What the address leaves out comes from the environment and the files that Postgres's own
// programs read (PGPASSWORD, ~/.pgpass): a password had better not stand in it.
func configured(address string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil { // the error has the address, with its password
		return nil, notAnAddress()
	}
	if u, err := url.Parse(address); err == nil && !u.Query().Has("pool_max_conns") {
		config.MaxConns = connections
	}
	connect := config.ConnConfig
	if connect.ConnectTimeout == 0 {
		connect.ConnectTimeout = 10 * time.Second
	}
	for name, value := range map[string]string{
		"application_name": "parley",
		// A process that sleeps in the middle of a transaction holds up all others: the server ends it.
		"idle_in_transaction_session_timeout": "60s",
	} {
		if _, own := connect.RuntimeParams[name]; !own {
			connect.RuntimeParams[name] = value
		}
	}
	config.PrepareConn = onPath
	return config, nil
}

// searchPath is the key of the search path that whoever takes a connection wants it to have, both in a context and in what a
// connection remembers.
type searchPath struct{}

const remembered = "parley.search_path"

// onPath sets the search path of a connection that somebody else had before.
func onPath(ctx context.Context, c *pgx.Conn) (ok bool, err error) {
	want, _ := ctx.Value(searchPath{}).(string)
	data := c.PgConn().CustomData()
	if data[remembered] == want {
		return true, nil
	}
	if _, err := c.Exec(ctx, `SELECT set_config('search_path', $1, false)`, want); err != nil {
		return false, err
	}
	data[remembered] = want
	return true, nil
}
