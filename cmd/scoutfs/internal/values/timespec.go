// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTimespec reads SECONDS.NANOSECONDS. Both are whole numbers: 1.5 is one
// second and five nanoseconds.
func ParseTimespec(text string) (time.Time, error) {
	seconds, nanoseconds, found := strings.Cut(text, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if !found || err != nil || s < 0 {
		return time.Time{}, fmt.Errorf("invalid timespec string: '%s'", text)
	}
	ns, err := strconv.ParseUint(nanoseconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("invalid timespec string: '%s'", text)
	}
	if ns >= uint64(time.Second) {
		return time.Time{}, fmt.Errorf("invalid timespec nsec value: '%s'", text)
	}
	return time.Unix(s, int64(ns)), nil
}

// Timespec is an option that ParseTimespec reads. Without a default it is
// shown as empty.
func Timespec(target *time.Time) *TimespecValue { return (*TimespecValue)(target) }

// TimespecValue is a pflag.Value.
type TimespecValue time.Time

// Set implements pflag.Value.
func (v *TimespecValue) Set(text string) error {
	t, err := ParseTimespec(text)
	if err == nil {
		*v = TimespecValue(t)
	}
	return err
}

// String implements pflag.Value.
func (v *TimespecValue) String() string {
	t := time.Time(*v)
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// Type implements pflag.Value.
func (*TimespecValue) Type() string { return "SECONDS.NANOSECONDS" }
