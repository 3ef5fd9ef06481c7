// SPDX-License-Identifier: GPL-2.0-or-later

package txn

// Need returns how many metadata blocks a commit of the open transaction may
// take, for tests.
func (l *Log) Need() int {
	l.turn <- struct{}{}
	defer l.release()
	return l.need()
}
