package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/parley-hq/parley/internal/fault"
)

// kind gives a failure its kind. What the caller of a command can mend is said in words: bucket, region, credentials, clock.
func (b *Bucket) kind(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if told, ok := errors.AsType[*fault.Error](err); ok { // of the credentials
		return told
	}
	code := codeOf(err)
	err = answer{err}
	switch code {
	case "NoSuchBucket":
		return fault.Because(fault.Invalid, err, "there is no bucket %s", b.bucket)
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return fault.Because(fault.Invalid, err, "bucket %s is in another region: set AWS_REGION to its own", b.bucket)
	case "RequestTimeTooSkewed":
		return fault.Because(fault.Forbidden, err, "this machine's clock differs too much from that of the object storage: set it right")
	case "ExpiredToken", "TokenRefreshRequired", "InvalidToken":
		return fault.Because(fault.Forbidden, err, "the credentials for bucket %s have expired: renew them", b.bucket)
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fault.Because(fault.Forbidden, err, "the credentials do not allow this in bucket %s", b.bucket)
	case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
		return fault.Because(fault.Full, err, "bucket %s is full", b.bucket)
	}
	return b.byStatus(err)
}

// byStatus gives a failure its kind by the status of the answer: a request for the head of an object has no code in its answer.
func (b *Bucket) byStatus(err error) error {
	said, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || said.HTTPStatusCode() == 0 {
		return fault.Because(fault.Unavailable, err, "the object storage of bucket %s cannot be reached", b.bucket)
	}
	switch said.HTTPStatusCode() {
	case http.StatusNotFound:
		if !missing(codeOf(err)) {
			break
		}
		return fault.Because(fault.NotFound, err, "there is no such object")
	case http.StatusBadRequest:
		// The answer to a question for the head of an object has no body that could say why.
		return fault.Because(fault.Forbidden, err, "bucket %s refuses the request: see whether the credentials have expired, and AWS_REGION", b.bucket)
	case http.StatusPreconditionFailed, http.StatusConflict:
		return fault.Because(fault.Conflict, err, "another object is there")
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.Because(fault.Forbidden, err, "the credentials do not allow this in bucket %s", b.bucket)
	case http.StatusInsufficientStorage:
		return fault.Because(fault.Full, err, "bucket %s is full", b.bucket)
	case http.StatusMovedPermanently:
		return fault.Because(fault.Invalid, err, "bucket %s is in another region: set AWS_REGION to its own", b.bucket)
	}
	return fault.Because(fault.Unavailable, err, "the object storage of bucket %s fails", b.bucket)
}

// missing says whether an answer with the status of something that is not there is about the object. A server or proxy may know
// no user either, or no such path; a lake must not be taken for an empty one because of that.
func missing(code string) bool {
	switch code {
	case "", "NotFound", "NoSuchKey", "NoSuchUpload", "NoSuchVersion":
		return true
	}
	return false
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// answer is a failure in the words of the server, or of the network. What the SDK has around them, the ids of requests and of hosts
// above all, says nothing to who reads it.
type answer struct{ err error }

func (a answer) Unwrap() error { return a.err }

// Error is on one line: the operation, which names the right that may be missing, the status, the code and the message.
func (a answer) Error() string {
	var says []string
	if op, ok := errors.AsType[*smithy.OperationError](a.err); ok {
		says = append(says, op.Operation())
	}
	if r, ok := errors.AsType[*smithyhttp.ResponseError](a.err); ok && r.HTTPStatusCode() != 0 {
		says = append(says, fmt.Sprintf("status %d", r.HTTPStatusCode()))
	}
	if api, ok := errors.AsType[smithy.APIError](a.err); ok {
		says = append(says, api.ErrorCode(), api.ErrorMessage())
	} else {
		says = append(says, a.root().Error())
	}
	return strings.Join(strings.Fields(strings.Join(slices.Compact(says), ": ")), " ")
}

// root is the failure below those that only say where it happened.
func (a answer) root() error {
	if u, ok := errors.AsType[*url.Error](a.err); ok {
		return u.Err
	}
	err := a.err
	for {
		var op *smithy.OperationError
		var tried *retry.MaxAttemptsError
		var said *smithyhttp.ResponseError
		switch {
		case errors.As(err, &op) && op.Err != nil:
			err = op.Err
		case errors.As(err, &tried) && tried.Err != nil:
			err = tried.Err
		case errors.As(err, &said) && said.Err != nil:
			err = said.Err
		default:
			return err
		}
	}
}
