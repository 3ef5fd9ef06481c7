// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ParseFSID reads a volume id as upstream shows it: 1 to 16 hexadecimal
// digits, perhaps after 0x. It is never 0.
func ParseFSID(text string) (uint64, error) {
	digits := text
	if len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		digits = text[2:]
	}
	id, err := strconv.ParseUint(digits, 16, 64)
	if err != nil || id == 0 || len(digits) > 16 || strings.ContainsAny(digits, "+-_") {
		return 0, fmt.Errorf("invalid fsid, want 1 to 16 hexadecimal digits, not all 0: '%s'", text)
	}
	return id, nil
}

// ParseTime reads a moment: RFC 3339, seconds since 1970, or
// SECONDS.NANOSECONDS as ParseTimespec reads it.
func ParseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	if t, err := ParseTimespec(text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("invalid time, want 2006-01-02T15:04:05Z, SECONDS or SECONDS.NANOSECONDS: '%s'", text)
}

// FSID is an option that ParseFSID reads.
func FSID(target *uint64) *FSIDValue { return (*FSIDValue)(target) }

// FSIDValue is a pflag.Value.
type FSIDValue uint64

// Set implements pflag.Value.
func (v *FSIDValue) Set(text string) error {
	id, err := ParseFSID(text)
	if err == nil {
		*v = FSIDValue(id)
	}
	return err
}

// String implements pflag.Value. No id is empty.
func (v *FSIDValue) String() string {
	if *v == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(*v))
}

// Type implements pflag.Value.
func (*FSIDValue) Type() string { return "fsid" }

// UUID is an option that is an RFC 4122 UUID in any of its notations.
func UUID(target *uuid.UUID) *UUIDValue { return (*UUIDValue)(target) }

// UUIDValue is a pflag.Value.
type UUIDValue uuid.UUID

// Set implements pflag.Value.
func (v *UUIDValue) Set(text string) error {
	id, err := uuid.Parse(text)
	if err != nil {
		return fmt.Errorf("invalid uuid: '%s'", text)
	}
	*v = UUIDValue(id)
	return nil
}

// String implements pflag.Value. The nil UUID is empty.
func (v *UUIDValue) String() string {
	if uuid.UUID(*v) == uuid.Nil {
		return ""
	}
	return uuid.UUID(*v).String()
}

// Type implements pflag.Value.
func (*UUIDValue) Type() string { return "uuid" }

// Time is an option that ParseTime reads.
func Time(target *time.Time) *TimeValue { return (*TimeValue)(target) }

// TimeValue is a pflag.Value.
type TimeValue time.Time

// Set implements pflag.Value.
func (v *TimeValue) Set(text string) error {
	t, err := ParseTime(text)
	if err == nil {
		*v = TimeValue(t)
	}
	return err
}

// String implements pflag.Value. The zero time is empty.
func (v *TimeValue) String() string {
	if time.Time(*v).IsZero() {
		return ""
	}
	return time.Time(*v).UTC().Format(time.RFC3339Nano)
}

// Type implements pflag.Value.
func (*TimeValue) Type() string { return "time" }
