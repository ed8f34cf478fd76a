package why

import (
	"context"

	"github.com/parley-hq/parley/internal/why"
)

func (o *Options) sources(context.Context, why.Question) error { return nil }
