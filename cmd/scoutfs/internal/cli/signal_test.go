// SPDX-License-Identifier: GPL-2.0-or-later

package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/cli"
)

// victim is set in the environment of a process that shows what signals do.
const victim = "SCOUTFS_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		beVictim()
	}
	os.Exit(m.Run())
}

// beVictim says what becomes of a context, and waits for a second signal.
func beVictim() {
	ctx := cli.WithSignals(context.Background())
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	reader.Close()
	// Only standard output and error bring SIGPIPE.
	if err := unix.Dup2(int(writer.Fd()), int(os.Stderr.Fd())); err != nil {
		panic(err)
	}
	_, err = os.Stderr.WriteString("x")
	fmt.Println("closed pipe:", errors.Is(err, syscall.EPIPE))
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	select {}
}

func TestTheFirstSignalAsksAndTheSecondKills(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program)
			cmd.Env = append(os.Environ(), victim+"=1")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			for _, want := range []string{"closed pipe: true", "stopped by signal: " + signal.String()} {
				if !lines.Scan() || lines.Text() != want {
					t.Fatalf("got %q, want %q", lines.Text(), want)
				}
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) {
				t.Fatalf("got %v", err)
			}
			if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != signal {
				t.Errorf("got %v, want death by %v", exit, signal)
			}
		})
	}
}
