System.Console.WriteLine("doppel");
