package s3

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/parley-hq/parley/internal/fault"
)

// kind gives a failure its kind. What the caller of a command can mend is said in words: bucket, region, credentials, clock.
func (b *Bucket) kind(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var code string
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
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
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok {
		return fault.Because(fault.Unavailable, err, "the object storage of bucket %s cannot be reached", b.bucket)
	}
	switch answer.HTTPStatusCode() {
	case http.StatusNotFound:
		return fault.Because(fault.NotFound, err, "there is no such object")
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
