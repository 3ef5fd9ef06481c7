// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"errors"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clock is which times the target's file system can store. Others are stored
// as the nearest in range, and as a multiple of the unit below.
type clock struct {
	min, max int64 // seconds since 1970
	unit     int64 // nanoseconds; at least a second if it is one or more
}

// probeClock finds out what becomes of times.
func probeClock(s *state) (clock, error) {
	name := s.tempName()
	tmp := int(s.tmp.Fd())
	fd, err := unix.Openat(tmp, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return clock{}, &os.PathError{Op: "create", Path: s.tmp.Name() + "/" + name, Err: err}
	}
	stored := func(sec, nsec int64) (unix.Timespec, bool) {
		times := []unix.Timespec{{Sec: sec, Nsec: nsec}, {Sec: sec, Nsec: nsec}}
		var st unix.Stat_t
		ok := unix.UtimesNanoAt(tmp, name, times, unix.AT_SYMLINK_NOFOLLOW) == nil && unix.Fstat(fd, &st) == nil
		return st.Mtim, ok
	}
	c := clock{math.MinInt64, math.MaxInt64, 1}
	if ts, ok := stored(math.MinInt64, 0); ok {
		c.min = ts.Sec
	}
	if ts, ok := stored(math.MaxInt64, 0); ok {
		c.max = ts.Sec
	}
	// An odd second with as many nanoseconds as there are.
	if ts, ok := stored(1, int64(time.Second)-1); ok {
		lost := int64(2*time.Second) - 1 - (ts.Sec*int64(time.Second) + ts.Nsec)
		c.unit = max(lost+1, 1)
	}
	return c, errors.Join(unix.Close(fd), unix.Unlinkat(tmp, name, 0))
}

// inRange reports whether a time can be stored, up to its last digits.
func (c clock) inRange(t time.Time) bool { return c.min < t.Unix() && t.Unix() < c.max }

// stores reports whether a time is stored as ts.
func (c clock) stores(t time.Time, ts unix.Timespec) bool {
	if !c.inRange(t) {
		return ts.Sec == min(max(t.Unix(), c.min), c.max)
	}
	if c.unit >= int64(time.Second) {
		// The remainder counts up, also before 1970.
		unit := c.unit / int64(time.Second)
		return ts.Sec == t.Unix()-(t.Unix()%unit+unit)%unit && ts.Nsec == 0
	}
	nsec := int64(t.Nanosecond())
	return ts.Sec == t.Unix() && ts.Nsec == nsec-nsec%c.unit
}
