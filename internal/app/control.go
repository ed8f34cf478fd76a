package app

import (
	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/export/handed"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/redact"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web/question"
	"github.com/parley-hq/parley/internal/web/session"
)

// Owners are all who may have tables in the control database of a lake, for who copies it whole.
func Owners() []state.Schema {
	return append(lake.Tables(), erasure.Tables(), redact.Tables(), stage.Tables(), extract.Tables(), ledger.Tables(), runs.Tables(), handed.Tables(), access.Tables(), job.Tables(), session.Tables(), question.Tables())
}
