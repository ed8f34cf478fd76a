package s3

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// client is that of the SDK, over connections that are given up when they are silent. The SDK sets no limit to how long an answer
// takes, so that a server or proxy that hangs would hang the whole command.
func (c Config) client() *awshttp.BuildableClient {
	longest := cmp.Or(c.Silence, silence)
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return attentive{conn, longest}, nil
		}
	})
}

// attentive is a connection that fails when nothing comes or goes for so long. An answer that is waited for while a large part is on
// its way is not late: what goes moves the end of the waiting, too.
type attentive struct {
	net.Conn

	silence time.Duration
}

// Read implements net.Conn.
func (a attentive) Read(p []byte) (int, error) {
	if err := a.moved(); err != nil {
		return 0, err
	}
	return a.Conn.Read(p)
}

// Write implements net.Conn.
func (a attentive) Write(p []byte) (int, error) {
	if err := a.moved(); err != nil {
		return 0, err
	}
	return a.Conn.Write(p)
}

func (a attentive) moved() error { return a.SetDeadline(time.Now().Add(a.silence)) }
