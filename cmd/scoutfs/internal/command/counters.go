// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
)

func newCounters(env *cli.Env) *cobra.Command {
	var table bool
	cmd := &cobra.Command{
		Use:     "counters SYSFS-DIR",
		GroupID: cli.GroupInfo,
		Short:   "Show ScoutFS kernel counters",
		Long: `Shows the counters of a mount, which the kernel module keeps in
SYSFS-DIR/counters, sorted by name.`,
		Example: `  scoutfs counters -t /sys/fs/scoutfs/f.ca9d32.r.80ba1d/`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("no sysfs path argument given")
			case len(operands) > 1:
				return cli.Usagef("more than one argument given")
			}
			counters, err := readCounters(operands[0])
			if err != nil {
				return err
			}
			return showCounters(env, counters, table)
		},
	}
	cmd.Flags().BoolVarP(&table, "table", "t", false, "pack the counters into columns as wide as the terminal")
	reportsList(cmd)
	return cmd
}

// counter is one counter; the kernel's text of the value is kept.
type counter struct{ name, value string }

// maxCounterBytes is the most that a counter's file may hold, with the end of
// its line.
const maxCounterBytes = 24

func readCounters(sysfs string) ([]counter, error) {
	dir := sysfs + "/counters"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cli.Failf(err, "failed to open sysfs counter dir '%s': %s", dir, errno.Text(err))
	}
	counters := make([]counter, len(entries))
	for i, e := range entries {
		value, err := readCounter(dir + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		counters[i] = counter{e.Name(), value}
	}
	return counters, nil
}

func readCounter(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", cli.Failf(err, "failed to open counter file '%s': %s", name, errno.Text(err))
	}
	defer file.Close()
	text := make([]byte, maxCounterBytes+1)
	n, err := io.ReadFull(file, text)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		n = -1 // as read(2) returns it
	}
	if n <= 1 || n > maxCounterBytes || text[n-1] != '\n' {
		return "", cli.Failf(syscall.EIO, "counter file %s read returned %d", name, n)
	}
	return string(text[:n-1]), nil
}

func showCounters(env *cli.Env, counters []counter, table bool) error {
	out := env.Output()
	switch out.Form() {
	case output.JSON, output.JSONL:
		object := make(map[string]any, len(counters))
		for _, c := range counters {
			object[c.name] = c.value
			if v, err := strconv.ParseUint(c.value, 10, 64); err == nil {
				object[c.name] = v
			}
		}
		return out.Object(object)
	case output.Table:
		t := out.Table(output.Column{Name: "COUNTER"}, output.Column{Name: "VALUE", Right: true})
		for _, c := range counters {
			t.Row(c.name, c.value)
		}
		return t.Close()
	}
	rows := len(counters)
	if width, ok := terminalWidth(); table && ok {
		rows = counterRows(counters, width)
	}
	columns := counterColumns(counters, rows)
	for row := range rows {
		for c, column := range columns {
			i := c*rows + row
			if i >= len(counters) {
				break
			}
			if c > 0 {
				out.Printf("%s", columnGap)
			}
			out.Printf("%-*s %*s", column.names, counters[i].name, column.values, counters[i].value)
		}
		out.Printf("\n")
	}
	return out.Err()
}

// columnGap stands between columns.
const columnGap = "  "

// counterColumn is how wide the names and values of a column are.
type counterColumn struct{ names, values int }

// counterColumns splits counters into columns of so many rows.
func counterColumns(counters []counter, rows int) []counterColumn {
	var columns []counterColumn
	for i, c := range counters {
		if i%rows == 0 {
			columns = append(columns, counterColumn{})
		}
		last := &columns[len(columns)-1]
		last.names = max(last.names, len(c.name))
		last.values = max(last.values, len(c.value))
	}
	return columns
}

// counterRows is the smallest number of rows whose columns fit in a width, or
// as many as there are counters if even one column does not fit.
func counterRows(counters []counter, width int) int {
	for rows := 1; rows < len(counters); rows++ {
		total := -len(columnGap)
		for _, column := range counterColumns(counters, rows) {
			total += len(columnGap) + column.names + len(" ") + column.values
		}
		if total <= width {
			return rows
		}
	}
	return len(counters)
}

// terminalWidth is the width of the terminal on the standard output or input.
func terminalWidth() (int, bool) {
	for _, f := range []*os.File{os.Stdout, os.Stdin} {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width, true
		}
	}
	return 0, false
}
